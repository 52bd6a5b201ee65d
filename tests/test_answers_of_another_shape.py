"""A tensor of another shape than was asked fails its test; it must never be an error of the grader.

What a bench builds itself cannot come back in another shape, so those tests are named.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from local import COURSE, Half

from grader.subject import Subject
from grader.worker import messages

pytestmark = pytest.mark.timeout(180)

BUILT_BY_THE_BENCH = {
    "test_augment_changes_enough",
    "test_configure_form",
    "test_configure_laws",
    "test_configure_random",
    "test_configure_unusual_sizes",
}
TRAINS = {"p3.generalise", "p3.predict", "p4.train", "p5.accuracy", "p5.cure"}
TRAINS_LONG = {
    "test_recipe_accuracy",
    "test_recipe_accuracy_in_public",
    "test_recipe_only_looks_at_the_validation",
}


def cut_off(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return array[: max(1, len(array) // 3)] if array.ndim else array.reshape(1)


def wrapped(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return array[None]


def reshaped(value: Any, change: Any) -> Any:
    """The same answer with every array in it changed."""
    if isinstance(value, np.ndarray):
        return change(value)
    if isinstance(value, list | tuple):
        return type(value)(reshaped(entry, change) for entry in value)
    if isinstance(value, dict):
        return {key: reshaped(entry, change) for key, entry in value.items()}
    return value


LONG = {"p4"}  # asks a captioner many things


@pytest.mark.parametrize(
    "assignment",
    [pytest.param(name, marks=[pytest.mark.slow] * (name in LONG)) for name in COURSE.assignments()],
)
@pytest.mark.parametrize("change", [cut_off, wrapped])
def test_no_test_stumbles_over_another_shape(assignment: str, change: Any, monkeypatch) -> None:
    original = Subject._exchange

    def exchange(self: Subject, message: Any, buffers: list[memoryview], what: str) -> Any:
        value = original(self, message, buffers, what)
        own = self.role == "student" and not isinstance(message, messages.Load)
        return reshaped(value, change) if own else value

    monkeypatch.setattr(Subject, "_exchange", exchange)
    half = Half(assignment)
    run = half.run(half.submission())
    for test in half.tests:
        name = test.function.__name__
        if test.plan.question not in TRAINS and name not in BUILT_BY_THE_BENCH | TRAINS_LONG:
            half.judge(run, test)
