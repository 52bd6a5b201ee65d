"""What is said of a submission: its points and, in words, what went wrong, for its instructors or itself.

A student reads of hidden tests what a platform would show (:mod:`grader.results.rows`): their points and a
few messages, never their titles; or nothing, where the course says so.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from grader.config import HiddenTests
from grader.faults import Outcome
from grader.gradebook import statistics
from grader.gradebook.model import Grading, Override
from grader.gradebook.standings import Standing
from grader.results.gradescope import INCOMPLETE
from grader.results.model import QuestionResult, TestResult
from grader.results.rows import HIDDEN_MESSAGES

Clean = Callable[[str], str]
Pictures = Mapping[str, bytes]

FAULT: Final = "This could not be graded, and your instructors see that: it needs nothing of you."
HIDDEN: Final = "Hidden tests"
WORDS: Final[dict[Outcome, str]] = {
    Outcome.PASSED: "passed",
    Outcome.FAILED: "wrong answer",
    Outcome.SUBMISSION_ERROR: "error in the code",
    Outcome.TIMED_OUT: "took too long",
    Outcome.NOT_STARTED: "not started",
    Outcome.NOT_RUN: "not run",
    Outcome.GRADER_ERROR: "could not be judged",
}
SIGNS: Final[dict[Outcome, str]] = {
    Outcome.PASSED: "\N{CHECK MARK}",
    Outcome.NOT_STARTED: "\N{EN DASH}",
    Outcome.NOT_RUN: "\N{EN DASH}",
    Outcome.GRADER_ERROR: "!",
}
WRONG_SIGN: Final = "\N{BALLOT X}"
CHANGED_SIGN: Final = "\N{LOWER RIGHT PENCIL}"
PNG: Final = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class Audience:
    """Who reads.

    :param student: the student whose submission it is; else an instructor.
    :param clean: takes out of messages what these readers must not see.
    :param clean_strictly: does so, and rather too much, with what an instructor wrote and names of files.
    :param hidden_tests: by assignment, when students see what became of hidden tests; a page is handed out
        when it is time for all of them but "hidden".
    """

    student: bool = False
    clean: Clean = str
    clean_strictly: Clean = str
    hidden_tests: Mapping[str, HiddenTests] = field(default_factory=dict)

    def sees(self, assignment: str, test: TestResult) -> bool:
        """Whether it is told what became of a test."""
        never = self.hidden_tests.get(assignment, "hidden") == "hidden"
        return not (self.student and never and test.visibility == "hidden")

    def titled(self, test: TestResult) -> bool:
        """Whether the test is told apart from the others."""
        return not self.student or test.visibility == "visible"


@dataclass(frozen=True)
class Told:
    """A test, or the hidden ones together."""

    title: str
    points: float
    max_points: float
    messages: list[str]


@dataclass(frozen=True)
class Shown:
    """A picture; ``source`` is empty where there is none."""

    title: str
    source: str


@dataclass(frozen=True)
class ManualChange:
    """Points that a person gave in the place of what came out."""

    before: float
    after: float
    reason: str


@dataclass(frozen=True)
class QuestionFeedback:
    """A question.

    :param scope: says that points are not those of the whole question; else empty.
    :param message: the summary; ``mistakes`` are recognised ones, name and message.
    """

    id: str
    title: str
    points: float
    max_points: float
    bonus: float
    scope: str
    outcome: Outcome
    message: str
    mistakes: list[tuple[str, str]]
    tests: list[Told]
    notes: list[str]
    review: str
    change: ManualChange | None
    pictures: list[Shown]

    @property
    def good(self) -> bool:
        """Whether there is nothing to look at: all points, from a person or from the tests."""
        return self.points >= self.max_points if self.change is not None else self.outcome is Outcome.PASSED

    @property
    def verdict(self) -> str:
        if self.change is not None:
            return "changed by hand"
        if self.outcome is Outcome.FAILED and self.points:
            return "partly right"
        return WORDS[self.outcome]

    @property
    def sign(self) -> str:
        if self.change is not None:
            return CHANGED_SIGN
        return SIGNS.get(self.outcome, WRONG_SIGN)


@dataclass(frozen=True)
class AssignmentFeedback:
    """An assignment.

    :param unusable: why the points are no grade; empty if they are one.
    :param graded: whether there are points at all.
    :param problems: of the files that were handed in.
    :param ignored: files that nobody asked for.
    """

    id: str
    title: str
    graded: bool
    unusable: str
    bonus_missing: str
    points: float
    max_points: float
    bonus: float
    questions: list[QuestionFeedback]
    problems: list[str]
    ignored: list[str]


def feedback(
    standing: Standing, audience: Audience, pictures: Callable[[int], Pictures] | None = None
) -> AssignmentFeedback:
    """
    :param pictures: a grading's, by its number; None: none are shown.
    """
    grading = standing.grading
    result = grading.result if grading is not None else None
    unusable = statistics.unusable(standing)
    if unusable and audience.student:
        unusable = INCOMPLETE if result is not None else FAULT
    drawn = {
        each.id: pictures(each.id)
        for each in (grading, standing.gpu)
        if each is not None and pictures is not None
    }
    asked = list(_questions(standing))
    return AssignmentFeedback(
        id=standing.assignment,
        title=_title(standing),
        graded=result is not None,
        unusable=audience.clean(unusable),
        bonus_missing="" if audience.student else audience.clean(statistics.bonus_missing(standing)),
        points=standing.score,
        max_points=standing.max_score,
        bonus=standing.bonus,
        questions=[_question(standing, question, tests, audience, drawn) for question, tests in asked],
        problems=[audience.clean_strictly(problem) for problem in result.problems]
        if result is not None
        else [],
        ignored=[audience.clean_strictly(name) for name in result.submission.ignored]
        if result is not None
        else [],
    )


def _title(standing: Standing) -> str:
    for grading in (standing.grading, standing.gpu):
        if grading is not None:
            return grading.result.title if grading.result is not None else grading.version.title
    return ""


Judged = list[tuple[TestResult, int]]  # tests, with the number of their grading


def _questions(standing: Standing) -> Iterator[tuple[QuestionResult, Judged]]:
    """Each question that something was judged of, with its tests on the CPU and on the GPU."""
    asked: dict[str, QuestionResult] = {}
    tests: dict[str, Judged] = {}
    for grading in (standing.grading, standing.gpu):
        for question in _of(grading):
            assert grading is not None
            for test in question.tests:
                if test.device == grading.version.device:
                    asked.setdefault(question.id, question)
                    tests.setdefault(question.id, []).append((test, grading.id))
    for name, question in asked.items():
        yield question, tests[name]


def _of(grading: Grading | None) -> list[QuestionResult]:
    return grading.result.questions if grading is not None and grading.result is not None else []


def _question(
    standing: Standing,
    question: QuestionResult,
    tests: Judged,
    audience: Audience,
    drawn: Mapping[int, Pictures],
) -> QuestionFeedback:
    seen = [(test, grading) for test, grading in tests if audience.sees(standing.assignment, test)]
    shown = [test for test, _ in seen]
    whole = len(shown) == len(tests)
    override = standing.overrides.get(question.id)
    bonus = sum(each.bonus for each in _of(standing.gpu) if each.id == question.id)
    # A test without points may fail in a question that has all of its own: that is nothing to learn from.
    passed = whole and question.outcome is Outcome.PASSED
    lost = [test for test in shown if _lost(test) and not (passed and test.device == "cpu")]
    told = list(dict.fromkeys(test.message for test in lost if test.message))
    message = question.message if whole or question.message in told else next(iter(told), "")
    mistakes = dict.fromkeys(
        (each.name, each.message)
        for each in ([question.mistake] if whole else []) + [test.mistake for test in lost]
        if each is not None
    )
    points, of = standing.points(question), question.max_points
    if not whole and override is None:
        points, of = sum(test.points for test in shown), sum(test.max_points for test in shown)
    return QuestionFeedback(
        id=question.id,
        title=question.title,
        points=points,
        max_points=of,
        bonus=bonus,
        scope="" if whole or override is not None else "public tests",
        outcome=_outcome(question, shown, whole=whole),
        message=audience.clean(message),
        mistakes=list(mistakes),
        tests=list(_told(lost, message, audience)),
        notes=[audience.clean(note) for note in dict.fromkeys(test.note for test in shown if test.note)],
        review=question.review if lost else "",
        change=_change(question, override, audience),
        pictures=[shown for test, number in seen for shown in _pictures(test, drawn.get(number), audience)],
    )


def _lost(test: TestResult) -> bool:
    return test.points < test.max_points or test.outcome is not Outcome.PASSED


def _outcome(question: QuestionResult, shown: Sequence[TestResult], *, whole: bool) -> Outcome:
    """The question's own; of a part of its tests, theirs: the whole would tell of the others."""
    if whole:
        return question.outcome
    return next((test.outcome for test in shown if _lost(test)), Outcome.PASSED)


def _told(lost: Sequence[TestResult], summary: str, audience: Audience) -> Iterator[Told]:
    """What the summary does not say already: nothing where all ended as it says."""
    if {(test.outcome, test.message) for test in lost} <= {(each.outcome, summary) for each in lost[:1]}:
        return
    for test in lost:
        if audience.titled(test):
            own = [audience.clean(test.message)] if test.message not in ("", summary) else []
            yield Told(test.title.rstrip("."), test.points, test.max_points, own)
    untitled = [test for test in lost if not audience.titled(test)]
    if untitled:
        messages = list(dict.fromkeys(test.message for test in untitled if test.message))[:HIDDEN_MESSAGES]
        yield Told(
            HIDDEN,
            sum(test.points for test in untitled),
            sum(test.max_points for test in untitled),
            [audience.clean(message) for message in messages if message != summary],
        )


def _change(question: QuestionResult, override: Override | None, audience: Audience) -> ManualChange | None:
    if override is None or override.points is None:
        return None
    return ManualChange(question.points, override.points, audience.clean_strictly(override.reason))


def _pictures(test: TestResult, drawn: Pictures | None, audience: Audience) -> Iterator[Shown]:
    if drawn is None:
        return
    for picture in test.pictures:
        data = drawn.get(picture.file, b"") if picture.file else b""
        yield Shown(audience.clean(picture.title), data_uri(data))


def data_uri(data: bytes) -> str:
    """A picture as an address that holds it; empty for what is no PNG, which the gradebook never keeps."""
    if not data.startswith(PNG):
        return ""
    return f"data:image/png;base64,{base64.b64encode(data).decode('ascii')}"
