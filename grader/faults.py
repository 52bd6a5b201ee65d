"""How a test ends when it does not pass, kept apart by whose fault it is.

Every class carries two texts: ``summary`` is safe to show for a hidden test (no inputs, no expected values,
nothing the student's code wrote), ``detail`` is shown for public tests only.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal


class Outcome(StrEnum):
    """What became of a test, a case or a question."""

    PASSED = "passed"
    FAILED = "failed"
    SUBMISSION_ERROR = "submission_error"  # the submission raised, died, or answered with something unusable
    GRADER_ERROR = "grader_error"  # our fault: never paid out, never held against the student
    TIMED_OUT = "timed_out"
    NOT_STARTED = "not_started"  # the stub is as it was handed out
    NOT_RUN = "not_run"


class GraderFault(Exception):
    """Something of ours is broken; the question cannot be judged and the instructor has to look."""


class UnfitInput(GraderFault):
    """What a test drew cannot be judged: the reference itself answers otherwise when the last bit changes."""


class NotRunHere(Exception):
    """A GPU question cannot be judged on this machine, by nobody's fault: no points are lost.

    The text says why in one line.
    """


class SubmissionFault(Exception):
    """The submission could not answer: it raised, timed out, died, or gave back something unusable.

    :param told: one line that a public test shows instead of the summary: it may quote the submission.
    """

    def __init__(self, outcome: Outcome, summary: str, detail: str = "", told: str = "") -> None:
        super().__init__(summary)
        self.role = "student"  # whose code it was; the reference's faults are ours
        self.outcome = outcome
        self.summary = summary
        self.detail = detail
        self.told = told or summary


class Raised(SubmissionFault):
    """The subject's own code raised; its worker lives and can be asked again.

    :param types: class names of the exception's method resolution order, its own name first.
    :param deliberate: a ``raise`` of the subject's own did it. What comes out of a library (no such kernel on
        this machine, no memory) is no answer that the reference asks of others.
    :param text: of the exception, in one line. The subject chooses it: it is compared and never shown.
    """

    def __init__(
        self,
        summary: str,
        detail: str = "",
        told: str = "",
        *,
        types: tuple[str, ...],
        deliberate: bool = True,
        text: str = "",
    ) -> None:
        super().__init__(Outcome.SUBMISSION_ERROR, summary, detail, told)
        self.types = types
        self.deliberate = deliberate
        self.text = text


class Unusable(SubmissionFault):
    """An answer arrived but is not what the call must return (a list for an array); the worker lives."""

    def __init__(self, summary: str, detail: str = "", told: str = "") -> None:
        super().__init__(Outcome.SUBMISSION_ERROR, summary, detail, told)


class Mismatch(AssertionError):
    """The submission answered, and the answer is wrong.

    ``agreed`` of ``asked`` cases were right; scoring pays the interface and the documents' figures of a
    question only where a random case agreed. ``precision`` is what the failed comparison was made with.
    """

    share = 0.0
    precision: Literal["float32", "float64"] = "float32"

    def __init__(self, summary: str, detail: str = "", *, agreed: int = 0, asked: int = 1) -> None:
        super().__init__(summary)
        self.summary = summary
        self.detail = detail
        self.agreed = agreed
        self.asked = asked


class Partial(Mismatch):
    """The answer earns a share of the test's points.

    :param share: in [0, 1).
    """

    def __init__(self, share: float, summary: str, detail: str = "") -> None:
        if not 0.0 <= share < 1.0:
            raise GraderFault(f"a partial award needs a share in [0, 1), not {share!r}")
        super().__init__(summary, detail, agreed=int(share > 0))
        self.share = share
