"""Two answers agree within the budget and differ past it, and the message gives nothing away."""

from __future__ import annotations

import math
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from grader.compare import Tolerance, assert_close, assert_same, check, deviation, difference
from grader.faults import GraderFault, Mismatch
from grader.trivial import rejects_trivial
from grader.values import Record

FLOAT32 = Tolerance()
FLOAT64 = Tolerance("float64")
EXACT = Tolerance(exact=True)
NAN, INF = math.nan, math.inf

sizeable = st.floats(1e-30, 1e30) | st.floats(-1e30, -1e-30)
leaves = st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.floats() | st.text(max_size=4)
arrays = npst.arrays(
    st.sampled_from([np.float32, np.float64, np.int64, np.bool_]), npst.array_shapes(min_dims=0, max_side=3)
)
answers = st.recursive(
    leaves | arrays | st.sets(st.text(max_size=2)),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(max_size=3), inner, max_size=3)
        | st.builds(Record, st.just("Choice"), st.dictionaries(st.sampled_from(["lr", "kind"]), inner))
    ),
    max_leaves=8,
)


@given(answers)
def test_every_answer_agrees_with_itself(answer):
    for tolerance in (FLOAT32, FLOAT64, EXACT):
        assert difference(answer, answer, tolerance) is None


@given(answers, answers)
def test_any_two_answers_can_be_compared_and_messages_stay_short(got, want):
    found = difference(got, want, FLOAT32)
    if found is not None:
        assert len(found.detail) < 400
        assert found.detail.isascii()


@given(sizeable, st.floats(-0.9, 0.9))
def test_within_nine_tenths_of_the_tolerance_is_accepted(want, part):
    got = want * (1 + part * FLOAT32.relative)
    assert difference(got, want, FLOAT32) is None


@given(sizeable, st.sampled_from([-1, 1]), st.floats(1.1, 1e6))
def test_beyond_the_tolerance_is_rejected(want, sign, times):
    got = want * (1 + sign * times * FLOAT32.relative)
    assert difference(got, want, FLOAT32) is not None


@given(sizeable, st.floats(2e-6, 1e-3), st.floats(-0.9, 0.9))
def test_what_moves_by_less_than_beta_is_accepted(want, beta, part):
    """A correct rewrite stays within 0.9 of beta, which the tolerance holds 64 times."""
    assert difference(want * (1 + part * beta), want, Tolerance(beta=beta)) is None


@given(npst.arrays(np.float64, st.integers(2, 6), elements=sizeable), st.randoms())
def test_a_permuted_array_is_rejected_unless_it_is_close_anyway(want, random):
    order = list(range(len(want)))
    random.shuffle(order)
    got = want[order]
    close = np.abs(got - want).max() <= np.abs(want).max() * FLOAT32.relative
    assert (difference(got, want, FLOAT32) is None) == close


@given(npst.arrays(np.float64, npst.array_shapes(max_dims=2), elements=sizeable))
def test_zeros_are_rejected(want):
    assert difference(np.zeros_like(want), want, FLOAT32) is not None
    assert difference(0.0, float(want.flat[0]), FLOAT32) is not None


@given(arrays.filter(lambda array: array.dtype.kind == "f" and array.size), st.data())
def test_nan_never_passes_for_a_number(want, data):
    want = np.array(np.nan_to_num(want, nan=1.0, posinf=2.0, neginf=-2.0))
    got = want.copy()
    at = data.draw(st.integers(0, want.size - 1))
    got.flat[at] = data.draw(st.sampled_from([NAN, INF, -INF]))
    found = difference(got, want, FLOAT32)
    assert found is not None
    assert found.problem == "is NaN or infinite"
    assert deviation(got, want, FLOAT32) == math.inf


AGREE = [
    (0.0, -0.0),
    (np.array([0.0, 1.0]), np.array([-0.0, 1.0])),
    (NAN, NAN),
    (INF, INF),
    (np.array([NAN, INF, -INF, 1.0]), np.array([NAN, INF, -INF, 1.0])),
    (3, np.int64(3)),
    (np.array(3), 3),
    (np.float32(0.5), 0.5),
    (np.array(0.5), 0.5),
    (0, 0.0),
    (3.0, 3),
    (2**60, np.uint64(2**60)),
    (np.array([1, 2], np.uint8), np.array([1, 2], np.int64)),
    (np.array([1.0], np.float16), np.array([1.0], np.float64)),
    (np.array([1 + 2j]), np.array([1 + 2j])),
    (np.bool_(True), True),
    (np.array(True), True),
    ({"a", "b"}, frozenset({"b", "a"})),
    ({("view", 3), None}, {("view", 3), None}),
    ({1: 2.0}, {1: 2.0}),
    ({1.0: 2.0}, {1: 2.0}),
    ([], []),
    (np.zeros((0, 3)), np.zeros((0, 3))),
]


@pytest.mark.parametrize(("got", "want"), AGREE, ids=range(len(AGREE)))
def test_agree(got, want):
    assert difference(got, want, FLOAT32) is None
    assert difference(want, got, FLOAT32) is None
    assert difference(got, want, EXACT) is None


# got, want, summary: what a hidden test may show
DIFFER = [
    (True, 1, "the answer is a bool where a number is asked"),
    (1, True, "the answer is a number where a bool is asked"),
    (1.0, "1.0", "the answer is a number where a string is asked"),
    (None, 0.0, "the answer is None where a number is asked"),
    (object(), 0.0, "the answer is no plain value where a number is asked"),
    (np.array(["a"]), np.zeros(1), "the answer is no plain value where an array is asked"),
    ([1.0], (1.0,), "the answer is a list where a tuple is asked"),
    ((1.0,), [1.0], "the answer is a tuple where a list is asked"),
    ([1.0], np.array([1.0]), "the answer is a list where an array is asked"),
    (np.array([1.0]), 1.0, "the answer is an array where a number is asked"),
    ({"a"}, ["a"], "the answer is a set where a list is asked"),
    ([1.0], [1.0, 2.0], "the answer has 1 entry where 2 are asked"),
    ([1.0, 2.0, 3.0], [1.0, 2.0], "the answer has 3 entries where 2 are asked"),
    ({"dw1": 1.0}, {"dw1": 1.0, "dw2": 2.0}, "the answer lacks dw2"),
    ({"dw1": 1.0, "x": 1.0}, {"dw1": 1.0}, "the answer has a key that is not asked for"),
    ({"dw1": 1.0, "x": 1, "y": 2}, {"dw1": 1.0}, "the answer has 2 keys that are not asked for"),
    ({True: 1.0}, {1: 1.0}, "the answer lacks [1]"),
    ({"dw1": 1.0, "dw2": 5.0}, {"dw1": 1.0, "dw2": 2.0}, "dw2 differs"),
    ([{"loss": 1.0}, {"loss": 3.0}], [{"loss": 1.0}, {"loss": 2.0}], "[1].loss differs"),
    ({"a": {"b c": 1.0}}, {"a": {"b c": 2.0}}, "a['b c'] differs"),
    ({"h1": np.zeros(3)}, {"h1": np.zeros(4)}, "h1 has shape (3,) where (4,) is asked"),
    (np.zeros((3, 1)), np.zeros(3), "the answer has shape (3, 1) where (3,) is asked"),
    (np.zeros((1, 1, 3)), np.zeros(3), "the answer has another shape with 3 dimensions where (3,) is asked"),
    (
        np.zeros((93121, 0)),
        np.zeros((2, 2)),
        "the answer has another shape with 2 dimensions where (2, 2) is asked",
    ),
    (np.array([1]), np.array([1.0]), "the answer holds integers where floating-point numbers are asked"),
    (np.array([1.0]), np.array([True]), "the answer holds floating-point numbers where booleans are asked"),
    (
        np.array([1.0]),
        np.array([1j]),
        "the answer holds floating-point numbers where complex numbers are asked",
    ),
    (np.array([1, 2]), np.array([1, 3]), "the answer differs"),
    (np.array([True]), np.array([False]), "the answer differs"),
    (np.array([1 + 2j]), np.array([1 - 2j]), "the answer differs"),
    (85054465, 85054464, "the answer differs"),
    (85054464.5, 85054464, "the answer differs"),
    (NAN, 1, "the answer differs"),
    (NAN, 1.0, "the answer is NaN or infinite"),
    (10**400, 1.0, "the answer is NaN or infinite"),
    (1.0, NAN, "the answer has NaN or infinity in the wrong place"),
    (-INF, INF, "the answer has NaN or infinity in the wrong place"),
    (np.array([NAN, 1.0]), np.array([1.0, NAN]), "the answer has NaN or infinity in the wrong place"),
    (np.array([1e308]), np.array([-1e308]), "the answer differs"),
    ("adam", "adamw", "the answer differs"),
    (False, True, "the answer differs"),
    ({"a"}, {"b"}, "the answer differs"),
    ({True}, {1}, "the answer differs"),
    ({NAN}, {NAN + 1}, "the answer differs"),
    (Record("Plan"), Record("Choice"), "the answer is of another class than is asked"),
    (Record("Choice", {"lr": 1.0}), Record("Choice", {"lr": 2.0}), "lr differs"),
    ([Record("Choice")], [Record("Choice", {"lr": 2.0})], "[0] lacks lr"),
    (1e-3, 0.0, "the answer differs"),
    ({"dw1": 0.02, "dw2": 1.0}, {"dw1": 0.0, "dw2": 1.0}, "dw1 differs"),
]


@pytest.mark.parametrize(("got", "want", "summary"), DIFFER, ids=range(len(DIFFER)))
def test_differ(got, want, summary):
    found = difference(got, want, FLOAT32)
    assert found is not None
    assert found.summary == summary
    exact = difference(got, want, EXACT)
    assert exact is not None
    assert deviation(got, want, FLOAT32) > FLOAT32.relative


# got, want, detail: what a public test shows besides
DETAILS = [
    (0.8, -0.3648, "asked -0.3648, got 0.8"),
    (1 / 3 + 1e-10, 1 / 3, "asked 0.33333333333333331, got 0.33333333343333332"),
    ({"x\x1b[2J": 1.0}, {}, r"not asked for: ['x\x1b[2J']"),
    ("a" * 500, "b", "asked 'b', got '" + "a" * 96 + "..."),
    (np.array([[1.0, 2.0], [3.0, 9.0]]), np.array([[1.0, 2.0], [3.0, 4.0]]), "at [1, 1]: asked 4, got 9"),
    (np.array([1, 2]), np.array([1, 3]), "at [1]: asked 3, got 2"),
    ({"b", "a", "c"}, {"a"}, "asked {'a'}, got {'a', 'b', 'c'}"),
    (2**300, 1, "asked 1, got an integer of 301 bits"),
    ([1.0] * 9, 2.0, "asked 2, got [1, 1, 1, 1, ...]"),
    (np.arange(9.0), 2.0, "asked 2, got array of shape (9,): [0, 1, 2, 3, ...]"),
    ({"a": {"b": {"c": 1}}}, 2.0, "asked 2, got {'a': {'b': ...}}"),
    (Record("Plan", {"lr": (1,)}), 2.0, "asked 2, got Plan{'lr': (1)}"),
    (object(), None, "asked None, got a object"),
]


@pytest.mark.parametrize(("got", "want", "detail"), DETAILS, ids=range(len(DETAILS)))
def test_detail(got, want, detail):
    found = difference(got, want, EXACT)
    assert found is not None
    assert found.detail == detail


def test_a_small_number_beside_a_large_one_is_judged_by_its_own_size():
    want = {"loss": 1e-3, "logit": 1e3}
    assert difference({"loss": 1.1e-3, "logit": 1e3}, want, FLOAT32) is not None


@pytest.mark.parametrize(
    ("want", "scale", "largest"),
    [
        (0.0, None, 1.0),  # alone: the scale is 1
        (0.0, 100.0, 100.0),  # the test names it
        ({"a": 0.0, "b": 50.0}, None, 50.0),  # its neighbours' scale
        ({"a": 0.0, "b": 50.0}, 2.0, 2.0),  # the test's word counts more
        ({"a": 0.0, "steps": 10**6}, None, 1.0),  # integers are no scale
        ([[0.0, 0.0], [7.0, 8.0]], None, 8.0),  # a container of zeros takes the one around it
        (np.zeros(3), None, 1.0),
    ],
)
def test_scale_of_an_expected_zero(want, scale, largest):
    def with_first(value, entry):
        if isinstance(value, dict):
            return {**value, "a": with_first(value["a"], entry)}
        if isinstance(value, list):
            return [with_first(value[0], entry), *value[1:]]
        return np.full(3, entry) if isinstance(value, np.ndarray) else entry

    tolerance = Tolerance(scale=scale)
    assert difference(with_first(want, 0.9 * largest * tolerance.relative), want, tolerance) is None
    assert difference(with_first(want, 1.1 * largest * tolerance.relative), want, tolerance) is not None


def test_after_training_the_scale_is_what_training_changed():
    """A right-looking weight of which training moved only the last digits is no proof of training."""
    initial = {
        "w": np.array([100.0, 200.0]),
        "b": 5.0,
        "frozen": np.ones(2),
        "c": Record("State", {"m": 1.0}),
    }
    want = {"w": np.array([100.01, 200.0]), "b": 5.5, "frozen": np.ones(2), "c": Record("State", {"m": 2.0})}
    tolerance = Tolerance(initial=initial)
    assert difference(want, want, tolerance) is None
    assert difference(want, want, FLOAT32) is None
    for name in ("w", "b", "c"):
        found = difference({**want, name: initial[name]}, want, tolerance)
        assert found is not None
        assert found.path.startswith(name)
    assert difference({**want, "w": initial["w"]}, want, FLOAT32) is None
    assert difference({**want, "frozen": np.ones(2) + 0.01}, want, tolerance) is not None


@pytest.mark.parametrize(
    ("want", "initial", "words"),
    [
        ({"w": 1.0}, {}, "initial lacks 'w'"),
        ([1.0], [], "initial lacks 0"),
        ({"w": 1.0}, 3.0, "initial lacks 'w'"),
        (np.zeros(2), np.zeros(3), "initial is array"),
        ({"w": np.ones(2)}, {"w": np.zeros(3)}, "initial is array"),
        ({"w": np.ones(2)}, {"w": 1.0}, "where something of shape"),
        (1.0, np.zeros(3), "initial is array"),
        (1.0, "old", "initial is 'old'"),
    ],
)
def test_an_initial_of_another_structure_is_the_graders_fault(want, initial, words):
    with pytest.raises(GraderFault, match=words):
        difference(want, want, Tolerance(initial=initial))


@pytest.mark.parametrize("want", [object(), np.array(["a"]), {"a": object()}, b"bytes"])
def test_what_cannot_be_compared_with_is_the_graders_fault(want):
    with pytest.raises(GraderFault, match="cannot compare"):
        difference(want, want, FLOAT32)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"precision": "float16"}, "precision"),
        ({"beta": 2e-3}, "unfit"),
        ({"beta": NAN}, "unfit"),
        ({"beta": -1.0}, "unfit"),
        ({"scale": 0.0}, "scale"),
        ({"scale": NAN}, "scale"),
        ({"scale": INF}, "scale"),
    ],
)
def test_a_tolerance_out_of_range_is_the_graders_fault(arguments, words):
    with pytest.raises(GraderFault, match=words):
        Tolerance(**arguments)


def test_float64_is_stricter():
    assert difference(1.0 + 1e-9, 1.0, FLOAT32) is None
    assert difference(1.0 + 1e-9, 1.0, FLOAT64) is not None
    assert difference(1.0 + 1e-13, 1.0, FLOAT64) is None


def test_below_the_smallest_normal_number_nothing_is_asked():
    smallest = struct.unpack("<f", struct.pack("<I", 1))[0]
    assert difference(3 * smallest, 2 * smallest, FLOAT32) is None
    assert difference(3 * smallest, 2 * smallest, FLOAT64) is not None


@given(npst.arrays(np.float64, st.integers(1, 5), elements=sizeable), st.floats(1e-7, 1e-4))
def test_deviation_is_relative_to_the_scale(want, part):
    got = want.copy()
    largest = int(np.argmax(np.abs(want)))
    got[largest] *= 1 + part
    assert deviation(got, want, FLOAT32) == pytest.approx(part, rel=1e-6)
    assert deviation(want, want, FLOAT32) == 0.0


def test_assert_close_names_what_was_asked():
    assert_close({"dw1": -0.36480001}, {"dw1": -0.3648}, "gradients at W2 = 0.3")
    with pytest.raises(Mismatch) as caught:
        assert_close({"dw1": 0.3648}, {"dw1": -0.3648}, "gradients at W2 = 0.3")
    assert caught.value.summary == "gradients at W2 = 0.3: dw1 differs"
    assert caught.value.detail == "asked -0.3648, got 0.3648"
    assert_close(1e-3, 0.0, "what is left", scale=100.0)
    assert_close(1.0 + 5e-3, 1.0, "parameters", beta=1e-4)
    with pytest.raises(Mismatch):
        assert_close(1.0 + 1e-9, 1.0, "parameters", precision="float64")
    with pytest.raises(Mismatch):
        assert_close(1.0, 1.00001, "parameters", initial=1.0)


def test_assert_same_is_exact():
    assert_same({"steps": 468, "names": {"a"}}, {"steps": 468, "names": {"a"}}, "steps")
    with pytest.raises(Mismatch, match="steps: the answer differs"):
        assert_same(1.0 + 2e-16, 1.0, "steps")


def test_check():
    check(True, "fine")
    check(np.bool_(True), "fine")
    with pytest.raises(Mismatch) as caught:
        check(False, "the rate never falls", "asked 0.1, got 0.2")
    assert (caught.value.summary, caught.value.detail) == ("the rate never falls", "asked 0.1, got 0.2")
    with pytest.raises(GraderFault, match="takes a bool"):
        check(np.array([True]), "ambiguous")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("want", "given_input", "rejected"),
    [
        ({"dw1": -0.36, "dw2": -0.6}, None, True),
        (np.array([1.0, 2.0, 3.0]), None, True),
        (np.array([[1, 2], [3, 4]]), None, True),
        ([True, False], None, True),
        (Record("Choice", {"lr": 0.1, "kind": "adam"}), None, True),
        ({"adam"}, None, True),
        ("adam", None, True),
        (0.0, None, False),
        (np.zeros(3), None, False),
        (set(), None, False),
        (np.array([1.0, 2.0]), np.array([1.0, 2.0]), False),
        (np.array([1.0, 2.0]), np.array([3.0, 2.0]), True),
        (np.array([1.0, 1.00001]), None, False),  # a shuffle shows nothing here
    ],
)
def test_trivial_answers(want, given_input, rejected):
    assert rejects_trivial(want, FLOAT32, given_input) is rejected


def test_a_trivial_answer_is_accepted_where_the_tolerance_is_as_wide_as_the_answer():
    assert not rejects_trivial({"small": 1e-40}, FLOAT32)
