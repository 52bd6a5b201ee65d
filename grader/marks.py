"""Says which question a test grades and for how many points: the only place where points stand."""

from __future__ import annotations

import math
import re

import pytest

RUNGS = ("interface", "figures", "random", "edges", "closed")
VISIBILITIES = ("visible", "hidden", "after_due_date", "after_published")
DEVICES = ("cpu", "cuda")

_QUESTION = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*")


def graded(
    question: str,
    points: float,
    *,
    rung: str,
    visibility: str | None = None,
    hint: str | None = None,
    device: str = "cpu",
) -> pytest.MarkDecorator:
    """Mark a test as grading ``question``.

    :param question: id such as ``p1.backward``.
    :param points: a multiple of 0.1, 0 for a test that only informs.
    :param rung: ``interface`` and ``figures`` are paid only where a random case agreed; then ``random``,
        ``edges``; a closed question with a constant answer has ``closed`` alone.
    :param visibility: when the student sees the result, in Gradescope's words; by default what the file's
        name says.
    :param hint: shown on failure.
    :param device: ``cuda`` for a bonus run on a GPU.
    :raises ValueError: one of these is not as said.
    """
    if not isinstance(question, str) or not _QUESTION.fullmatch(question):
        raise ValueError(f"a question id looks like p1.backward, not {question!r}")
    if isinstance(points, bool) or not isinstance(points, int | float):
        raise ValueError(f"{question}: points are a number, not {points!r}")
    if not math.isfinite(points) or points < 0 or abs(points * 10 - round(points * 10)) > 1e-9:
        raise ValueError(f"{question}: points are a multiple of 0.1 and not negative, not {points!r}")
    for name, value, allowed in (
        ("rung", rung, RUNGS),
        ("visibility", visibility, (None, *VISIBILITIES)),
        ("device", device, DEVICES),
    ):
        if value not in allowed:
            choices = ", ".join(str(choice) for choice in allowed if choice is not None)
            raise ValueError(f"{question}: {name} is one of {choices}; not {value!r}")
    if hint is not None and not (isinstance(hint, str) and hint.strip()):
        raise ValueError(f"{question}: a hint is a text, not {hint!r}")
    return pytest.mark.graded(
        question=question, points=float(points), rung=rung, visibility=visibility, hint=hint, device=device
    )
