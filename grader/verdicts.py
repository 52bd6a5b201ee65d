"""What an exception in a test means for the grade, and what the student may see of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from grader.faults import GraderFault, Mismatch, NotRunHere, Outcome, SubmissionFault
from grader.isolation import Refused
from grader.points import PlannedTest
from grader.run import STUDENT
from grader.scoring import CaseResult
from grader.submission import SubmissionFolderError
from grader.text import one_line

ANOTHER_FORM = "the answer has another form than is asked: it lacks a name, an entry or a dimension, say"
NEEDS_GPU = "needs a GPU: --device cuda"


class RefusedError(GraderFault):
    """The options forbid this test; the text is for whoever gave them."""


@dataclass(frozen=True)
class Raising:
    """A test that ended in an exception.

    :param public: the student has the test, and may see what his code raised in it.
    :param apart: the submission runs in processes of its own; without them any exception may be its.
    :param traceback: as pytest wrote it, for the instructor.
    """

    error: BaseException
    plan: PlannedTest
    public: bool
    apart: bool
    traceback: str


def verdict(result: CaseResult, raised: Raising, goes_through: Callable[[], object]) -> CaseResult:
    """What became of a case that raised.

    :param result: of the case, as if it had passed.
    :param goes_through: whether the test passes where the reference answers in the submission's place; asked
        last. No annotation says everything: a dict may lack the key that a test asks for, an array the
        dimension. Then the answer is what the test could not use. A test that raises with the reference too,
        or that cannot be run again, is at fault itself.
    """
    error, plan = raised.error, raised.plan
    if isinstance(error, Mismatch):
        return replace(
            result,
            outcome=Outcome.FAILED,
            summary=error.summary,
            detail=error.detail,
            share=error.share,
            agreed=error.agreed,
        )
    if isinstance(error, SubmissionFault) and error.role == STUDENT:
        said = error.told if raised.public else error.summary
        return replace(result, outcome=error.outcome, summary=said, detail=error.detail)
    if isinstance(error, NotRunHere) and plan.device == "cuda":
        return replace(result, outcome=Outcome.NOT_RUN, summary=str(error))
    if isinstance(error, RefusedError | Refused):
        return replace(result, outcome=Outcome.GRADER_ERROR, summary=str(error))
    if isinstance(error, SubmissionFolderError):
        return replace(result, outcome=Outcome.SUBMISSION_ERROR, summary=str(error))
    skipped = isinstance(error, pytest.skip.Exception)
    if skipped and str(error) == NEEDS_GPU:
        return replace(result, outcome=Outcome.NOT_RUN, summary=NEEDS_GPU)
    if not raised.apart and not isinstance(error, GraderFault):
        said = f"raised {type(error).__name__}"
        return replace(result, outcome=Outcome.SUBMISSION_ERROR, summary=said, detail=raised.traceback)
    if goes_through():
        detail = one_line(f"{type(error).__name__}: {error}")
        return replace(result, outcome=Outcome.SUBMISSION_ERROR, summary=ANOTHER_FORM, detail=detail)
    said = "a graded test skipped itself" if skipped else "an error of the grader, not yours"
    return replace(result, outcome=Outcome.GRADER_ERROR, summary=said, detail=raised.traceback)


def dress(report: pytest.TestReport, result: CaseResult, *, public: bool) -> None:
    """Make the report carry the result across xdist, and show no more than the student may see."""
    report.graded = {**dataclasses.asdict(result), "outcome": result.outcome.value}  # type: ignore[attr-defined]
    if result.outcome is Outcome.PASSED:
        return
    if result.outcome in (Outcome.NOT_STARTED, Outcome.NOT_RUN):
        report.outcome = "skipped"
        report.longrepr = (str(report.fspath), report.location[1] or 0, f"Skipped: {result.summary}")
        return
    report.outcome = "failed"
    lines = [result.summary]
    if result.mistake:
        lines.append(result.mistake.message)
    if (public or result.outcome is Outcome.GRADER_ERROR) and result.detail:
        lines.append(result.detail)
    report.longrepr = "\n".join(lines)
    report.sections.clear()
    if public and result.output:
        report.sections.append(("what your code printed", result.output))
