"""Shares of closed questions."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.closed import award, closed_share
from grader.faults import GraderFault, Mismatch, Partial

names = st.sets(st.sampled_from("abcdefgh"))


@pytest.mark.parametrize(
    ("named", "share"),
    [
        ({"speed", "memory"}, 1.0),
        ({"speed", "memory", "taste"}, 1.0),  # what the key does not know is allowed
        ({"speed"}, 0.5),
        ({"speed", "memory", "magic"}, 0.5),
        ({"speed", "magic"}, 0.0),
        ({"magic", "luck"}, 0.0),
        (set(), 0.0),
        (frozenset({"speed", "memory"}), 1.0),
    ],
)
def test_one_case(named, share):
    assert closed_share(named, {"speed", "memory"}, {"magic", "luck"}) == share


def test_pooled_over_cases():
    """Hits and misses are pooled before the floor at zero: naming everything somewhere costs elsewhere."""
    key = [({"a"}, {"x"}), ({"b", "c", "d"}, {"y", "z", "w"})]
    assert closed_share([({"a"}, *key[0]), ({"b"}, *key[1])]) == 0.5
    assert closed_share([({"a", "x"}, *key[0]), ({"b", "c", "d"}, *key[1])]) == 0.75
    assert closed_share([({"a"}, *key[0]), ({"y", "z"}, *key[1])]) == 0.0
    assert closed_share((({"a"} | {"x"}, *key[0]), (set("bcdyzw"), *key[1]))) == 0.0


@given(st.lists(st.tuples(names, names, names), min_size=1))
def test_a_share_lies_in_zero_to_one_and_the_key_itself_earns_everything(cases):
    cases = [(named, required, wrong - required) for named, required, wrong in cases]
    if not any(required for _, required, _ in cases):
        return
    assert 0.0 <= closed_share(cases) <= 1.0
    assert closed_share([(required, required, wrong) for _, required, wrong in cases]) == 1.0


@given(names.filter(bool), names)
def test_naming_nothing_or_everything_wrong_earns_nothing(required, wrong):
    wrong = wrong - required
    assert closed_share(set(), required, wrong) == 0.0
    assert closed_share(wrong, required, wrong) == 0.0


def test_an_answer_that_is_no_set_is_wrong():
    with pytest.raises(Mismatch, match="a set of names is asked"):
        closed_share([(["a"], {"a"}, {"b"})])  # type: ignore[list-item]
    with pytest.raises(Mismatch, match="a set of names is asked"):
        closed_share(None, {"a"}, {"b"})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (({"a"}, set(), {"b"}), "asks for nothing"),
        (([],), "asks for nothing"),
        (({"a"}, {"a", "b"}, {"b"}), r"asks for what it calls wrong: \['b'\]"),
        (({"a"}, {"a"}), "takes named, required and wrong"),
        (({"a"},), "takes named, required and wrong"),
    ],
)
def test_a_key_that_cannot_be_is_the_graders_fault(arguments, words):
    with pytest.raises(GraderFault, match=words):
        closed_share(*arguments)


def test_award():
    award(1.0, "all named")
    for share in (0.0, 0.25, 0.999):
        with pytest.raises(Partial) as caught:
            award(share, "some named", "two of four")
        assert caught.value.share == share
        assert (caught.value.summary, caught.value.detail) == ("some named", "two of four")


@pytest.mark.parametrize("share", [-0.1, 1.1, math.nan, math.inf])
def test_an_impossible_share_is_the_graders_fault(share):
    with pytest.raises(GraderFault, match="a share lies in"):
        award(share, "some named")
