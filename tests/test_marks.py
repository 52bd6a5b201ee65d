"""The marker of a graded test, and the facade that tests of assignments import from."""

from __future__ import annotations

import math
import subprocess
import sys

import pytest

import grader.testing
from grader.marks import graded


def test_a_mark_carries_everything_by_name():
    mark = graded("p1.backward", 4.2, rung="figures", visibility="hidden", hint="Look at the sign").mark
    assert mark.name == "graded"
    assert mark.args == ()
    assert mark.kwargs == {
        "question": "p1.backward",
        "points": 4.2,
        "rung": "figures",
        "visibility": "hidden",
        "hint": "Look at the sign",
        "device": "cpu",
    }
    assert graded("p2.gpu_adamw", points=0, rung="random", device="cuda").mark.kwargs["points"] == 0.0


@pytest.mark.parametrize("points", [0.1, 0.3, 1.4, 4.2, 5.6, 20])
def test_tenths_of_a_point(points):
    assert graded("p1.backward", points, rung="edges").mark.kwargs["points"] == points


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"question": "backward"}, "a question id looks like p1.backward"),
        ({"question": "p1.Backward"}, "a question id looks like p1.backward"),
        ({"question": 1}, "a question id looks like p1.backward"),
        ({"points": -1}, "not negative, not -1"),
        ({"points": 0.25}, "multiple of 0.1"),
        ({"points": math.nan}, "multiple of 0.1"),
        ({"points": math.inf}, "multiple of 0.1"),
        ({"points": True}, "points are a number"),
        ({"points": "4"}, "points are a number"),
        ({"rung": "extra"}, "rung is one of interface, figures, random, edges, closed; not 'extra'"),
        (
            {"visibility": "never"},
            "visibility is one of visible, hidden, after_due_date, after_published; not 'never'",
        ),
        ({"device": "tpu"}, "device is one of cpu, cuda; not 'tpu'"),
        ({"hint": " "}, "a hint is a text"),
    ],
)
def test_a_wrong_mark_is_refused(arguments, words):
    with pytest.raises(ValueError, match=words):
        graded(**{"question": "p1.backward", "points": 1, "rung": "random", **arguments})


def test_the_facade_has_exactly_the_promised_names():
    assert set(grader.testing.__all__) == {
        "Captioned",
        "Curves",
        "Images",
        "Measured",
        "Partial",
        "Reliability",
        "Round",
        "Work",
        "assert_close",
        "assert_same",
        "award",
        "beside",
        "check",
        "check_each",
        "closed_share",
        "graded",
    }
    assert all(hasattr(grader.testing, name) for name in grader.testing.__all__)


def test_the_facade_does_not_import_torch():
    code = "import sys, grader.testing; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
