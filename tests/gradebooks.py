"""Gradings made by hand, for the tests of the gradebook."""

from __future__ import annotations

from typing import Any

from grader.faults import Outcome
from grader.gradebook.model import Grading, Version
from grader.results.model import QuestionResult, Result, SubmissionResult, TestResult


def version(assignment: str = "q1", **more: Any) -> Version:
    said: dict[str, Any] = {"digest": f"version of {assignment}", "engine": "e" * 64, "files": "f" * 64}
    return Version(assignment=assignment, **{**said, **more})


def question(id: str, points: float, of: float, device: str = "cpu", **more: Any) -> QuestionResult:
    outcome = more.pop("outcome", Outcome.PASSED if points == of else Outcome.FAILED)
    test = TestResult(
        name=f"test_hidden.py::test_{id.partition('.')[2]}",
        title="It is right",
        points=points,
        max_points=of,
        outcome=outcome,
        message="" if outcome is Outcome.PASSED else "2 of 9 cases differ",
        detail="",
        output="",
        mistake=None,
        visibility="hidden",
        rung="random",
        device=device,  # type: ignore[arg-type]
        seconds=1.0,
    )
    said: dict[str, Any] = {"bonus": 0.0, "message": test.message, "mistake": None, "review": ""}
    return QuestionResult(
        id=id,
        title=id,
        points=points,
        max_points=of,
        outcome=outcome,
        visibility="hidden",
        seconds=1.0,
        tests=[test],
        **{**said, **more},
    )


def result(assignment: str, *questions: QuestionResult, **more: Any) -> Result:
    said: dict[str, Any] = {
        "title": assignment,
        "state": "finished",
        "complete": True,
        "bonus": 0.0,
        "problems": [],
        "submission": SubmissionResult(folder="", files=[], ignored=[]),
        "submission_hash": "a" * 64,
        "leaderboard": [],
        "isolation": "sandbox",
        "layers": [],
        "device": "cpu",
        "seed": 7,
        "seed_source": "course secret",
        "versions": {},
    }
    return Result(
        schema_version=1,
        assignment=assignment,
        score=sum(each.points for each in questions),
        max_score=sum(each.max_points for each in questions),
        questions=list(questions),
        **{**said, **more},
    )


def grading(submission: str, *questions: QuestionResult, assignment: str = "q1", **more: Any) -> Grading:
    said: dict[str, Any] = {"version": version(assignment), "identity": f"{'a' * 64}-0", "seconds": 1.0}
    if "fault" not in more:
        said["result"] = result(assignment, *(questions or (question(f"{assignment}.half", 50, 50),)))
    return Grading(submission=submission, assignment=assignment, **{**said, **more})
