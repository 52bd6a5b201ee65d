"""What a stub offers and what its annotations let through, read without importing it."""

from __future__ import annotations

import ast
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from grader.interface import describe, mismatch, read_interface, read_members
from grader.values import Record

STUB = '''
"""A stub."""
import torch
from given import Point

ANSWERS: dict[str, set[str]] | None = None
plain = 5

def forward(x: float) -> dict[str, float]:
    def inner() -> int: ...
    raise NotImplementedError("q.forward")

def loose(x): ...

class Model:
    size: int = 3
    def call(self) -> int: ...

async def later() -> int: ...
'''


# -- reading


def test_functions_and_annotated_answers_are_members() -> None:
    members = read_members(STUB)
    assert set(members) == {"ANSWERS", "forward", "loose"}
    assert [members[name].function for name in ("ANSWERS", "forward", "loose")] == [False, True, True]
    assert members["loose"].annotation is None
    assert ast.unparse(members["forward"].annotation) == "dict[str, float]"  # type: ignore[arg-type]


def test_nothing_of_a_stub_is_run() -> None:
    read_members("raise SystemExit\ndef f() -> 1 / 0: ...")


def test_a_stub_that_does_not_parse_is_an_error() -> None:
    with pytest.raises(SyntaxError):
        read_members("def f(:")


def test_files_that_cannot_be_read_offer_nothing(tmp_path: Path) -> None:
    (tmp_path / "good.py").write_bytes(b"\xef\xbb\xbfdef f() -> int: ...\r\n")
    (tmp_path / "broken.py").write_text("def f(:")
    (tmp_path / "latin.py").write_bytes(b"x = '\xe9'")
    (tmp_path / "zero.py").write_bytes(b"x = 1\0")
    got = read_interface(tmp_path, ["good.py", "broken.py", "latin.py", "zero.py", "missing.py"])
    assert set(got["good"]) == {"f"}
    assert {name: got[name] for name in got if name != "good"} == {
        "broken": {},
        "latin": {},
        "zero": {},
        "missing": {},
    }


# -- what fits

zero_d, vector, whole, flags = np.array(1, np.float32), np.ones(3), np.arange(3), np.array([True])
point = Record("Point", {"x": 1.0})

FITS = [
    ("float", [1, 1.5, zero_d, np.array(2)], [True, "1", None, vector, [1.0], np.array(True)]),
    ("int", [1, np.array(2)], [1.0, True, zero_d, "1", vector, np.array(2.0)]),
    ("bool", [True, np.array(False)], [1, 0.0, "True", None, flags]),
    ("str", ["a"], [1, None, ["a"]]),
    ("None", [None], [0, False, "", []]),
    ("torch.Tensor", [vector, zero_d, whole, flags, 1.5], [[1.0], None, "1", True, (vector,)]),
    ("Tensor", [vector], [[1.0]]),
    ("np.ndarray", [vector], [[1.0]]),
    ("list", [[], [1, "a"]], [(1,), vector, {}]),
    ("list[float]", [[], [1, 2.5, zero_d]], [[1.0, True], [None], (1.0,), vector]),
    ("list[list[int]]", [[[1], []]], [[1], [[1.5]], [(1,)]]),
    ("tuple", [(), (1, "a")], [[1]]),
    ("tuple[int, str]", [(1, "a")], [(1,), ("a", 1), (1, "a", 2), [1, "a"]]),
    ("tuple[float, ...]", [(), (1.0,), (1, 2, 3)], [(1.0, "a"), [1.0]]),
    ("tuple[()]", [()], [(1,)]),
    ("set[str]", [set(), {"a"}], [["a"], {1}, {"a", 1}]),
    ("dict[str, float]", [{}, {"a": 1.0, "b": zero_d}], [{"a": True}, {1: 1.0}, {"a": [1.0]}, [], None]),
    ("dict[str, dict[str, torch.Tensor]]", [{"a": {"b": vector}}], [{"a": {"b": [1]}}, {"a": vector}]),
    ("dict[str, Any]", [{"a": object}], [{1: 1}]),
    ("float | None", [None, 1.0], ["a"]),
    ("list[int] | dict[str, int]", [[1], {"a": 1}], [["a"], {"a": "b"}, (1,)]),
    ("Literal['a', 'b']", ["a", "b"], ["c", 1, None, vector, np.array("a"), ["a"]]),
    ("Literal[1, -1]", [1, -1], [True, 1.0, 2, "1", np.array([1, 1]), np.array(1)]),
    ("Literal[True]", [True], [1, False]),
    ("list[Literal['a']]", [["a", "a"]], [["a", "b"]]),
    ("'list[int]'", [[1]], [["a"]]),
    ("Point", [point], [Record("Other", {}), 1, {"x": 1.0}, (1.0,)]),
    ("list[Point]", [[point, point]], [[point, 1], [Record("Other", {})]]),
    ("Any", [1, None, vector], []),
    ("object", [1, None, vector], []),
    ("Callable[[int], int]", [1, None], []),
]


@pytest.mark.parametrize(("annotation", "good", "bad"), FITS, ids=[row[0] for row in FITS])
def test_an_annotation_lets_through_what_it_names_and_nothing_else(
    annotation: str, good: list[Any], bad: list[Any]
) -> None:
    tree = ast.parse(annotation, mode="eval").body
    assert [mismatch(value, tree) for value in good] == [None] * len(good)
    for value in bad:
        problem = mismatch(value, tree)
        assert problem is not None, value
        assert "asked" in problem


def test_what_has_no_annotation_is_not_checked() -> None:
    assert mismatch(object(), None) is None


def test_a_long_answer_is_checked_at_once() -> None:
    """A worker may send millions of numbers; the judge has no deadline of its own here."""
    numbers = [0.5] * 500_000
    started = time.process_time()
    assert mismatch(numbers, ast.parse("list[float]", mode="eval").body) is None
    assert mismatch(tuple(numbers), ast.parse("tuple[float, ...]", mode="eval").body) is None
    assert time.process_time() - started < 2
    assert mismatch([*numbers, True], ast.parse("list[float]", mode="eval").body) is not None


# -- what is said


@pytest.mark.parametrize(
    ("value", "annotation", "shown", "hidden"),
    [
        ([1.0], "float", "a list where float is asked", "a list where float is asked"),
        (np.ones((2, 3)), "float", "(2x3) where float is asked", "(2 dimensions) where float is asked"),
        (np.array(1.5), "str", "(no dimensions)", "(no dimensions)"),
        (True, "int", "True or False where int is asked", "True or False where int is asked"),
        (
            {"secret": "a"},
            "dict[str, float]",
            "at 'secret'",
            "a text where float is asked, in one of its values",
        ),
        ([1.0, "a"], "list[float]", "at position 1", "at position 1"),
        ((1, "a"), "tuple[int, int]", "at position 1", "at position 1"),
        ((1, 2, 3), "tuple[int, int]", "another length where 2 values", "another length where 2 values"),
        (Record("Secret", {}), "Point", "a Secret where", "an object of another class where"),
        (None, "list[int] | None", "", ""),
        ("a", "list[int] | None", "a text where list[int] is asked", "a text where list[int] is asked"),
    ],
)
def test_a_mismatch_is_described_and_a_hidden_test_shows_nothing_that_was_returned(
    value: Any, annotation: str, shown: str, hidden: str
) -> None:
    tree = ast.parse(annotation, mode="eval").body
    assert shown in (mismatch(value, tree, quote=True) or "")
    said = mismatch(value, tree) or ""
    assert hidden in said
    assert "ecret" not in said


def test_every_kind_of_value_has_a_name() -> None:
    values = [1, 1.5, True, "a", None, [], (), set(), {}, point, vector]
    assert len({describe(value) for value in values}) == len(values)
