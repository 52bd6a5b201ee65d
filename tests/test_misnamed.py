"""The file that was meant is found, and the advice says what to do."""

from __future__ import annotations

import pytest

from grader.misnamed import likeliest, one_letter


@pytest.mark.parametrize(
    ("name", "reason", "advice"),
    [
        ("gradient_fow.py", "one letter differs", "rename it to gradient_flow.py"),
        ("gradient_floww.py", "one letter differs", "rename it to gradient_flow.py"),
        ("gradient_flaw.py", "one letter differs", "rename it to gradient_flow.py"),
        ("gradient_folw.py", "one letter differs", "rename it to gradient_flow.py"),
        ("radient_flow.py", "one letter differs", "rename it to gradient_flow.py"),
        ("Gradient_fow.py", "one letter differs", "rename it to gradient_flow.py"),
        ("Gradient_Flow.PY", "upper and lower case differ", "rename it to gradient_flow.py"),
        ("gradient_flow.ipynb", "another ending", "export the notebook's code as gradient_flow.py"),
        ("gradient_flow.txt", "another ending", "rename it to gradient_flow.py"),
        ("gradient_flow.py.txt", "another ending", "rename it to gradient_flow.py"),
        ("gradient_flow", "another ending", "rename it to gradient_flow.py"),
        ("gradient_flow (1).py", "a numbered copy", "rename it to gradient_flow.py"),
        ("gradient_flow - Copy.py", "a numbered copy", "rename it to gradient_flow.py"),
        ("gradient_flow_2.py", "a numbered copy", "rename it to gradient_flow.py"),
        ("gradient flow.py", "blanks, hyphens or underscores differ", "rename it to gradient_flow.py"),
        ("gradient-flow.py", "blanks, hyphens or underscores differ", "rename it to gradient_flow.py"),
        ("GradientFlow.py", "blanks, hyphens or underscores differ", "rename it to gradient_flow.py"),
        ("gr\u00e4dient_flow.py", "one letter differs", "rename it to gradient_flow.py"),
        ("gra\u0308dient_flow.py", "one letter differs", "rename it to gradient_flow.py"),
    ],
)
def test_a_name_that_is_nearly_right(name: str, reason: str, advice: str) -> None:
    found = likeliest("gradient_flow.py", ["zzz.py", name])
    assert found is not None
    assert found[0] == name
    assert found[1].startswith("gradient_flow.py is missing; ")
    assert f"({reason}): {advice}" in found[1]


@pytest.mark.parametrize(
    "name",
    ["gradient_flow.py", "gradient.py", "flow.py", "optimizer_choice.py", "gradient_flo.p", "given.py", ""],
)
def test_a_name_that_stands_for_something_else(name: str) -> None:
    assert likeliest("gradient_flow.py", [name]) is None


def test_the_better_reason_wins() -> None:
    found = likeliest("model.py", ["model.ipynb", "modal.py", "Model.py"])
    assert found is not None
    assert found[0] == "Model.py"


def test_two_alike_are_told_apart_by_name_so_that_the_advice_is_always_the_same() -> None:
    found = likeliest("model.py", ["models.py", "modal.py"])
    assert found is not None
    assert found[0] == "modal.py"


@pytest.mark.parametrize(
    ("a", "b", "near"),
    [
        ("abc", "abc", False),
        ("abc", "acb", True),
        ("abc", "bac", True),
        ("abc", "cba", False),
        ("", "a", True),
        ("ab", "abcd", False),
        ("abcd", "abd", True),
        ("abcd", "axyd", False),
    ],
)
def test_one_letter(a: str, b: str, near: bool) -> None:
    assert one_letter(a, b) is near
    assert one_letter(b, a) is near
