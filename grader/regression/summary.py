"""What the records of an assignment say, question by question, and what in it is not as it must be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from grader.config import Assignment
from grader.faults import Outcome
from grader.points import PlannedTest
from grader.regression.records import CLEAR, Record, TestRecord
from grader.regression.solutions import Solution

WRONG_AT_LEAST = 3  # different wrong solutions that fail each question
NAMED_AT_LEAST = 0.95  # of the known mistakes
RIGHT_AT_MOST = 0.1  # deviation of a correct solution, in units of the tolerance
WRONG_AT_LEAST_OFF = 10.0  # deviation of a known mistake, in the same units


@dataclass(frozen=True)
class Finding:
    """Something that is not as it must be.

    :param id: the same for the same thing in every run: what a baseline accepts by name.
    :param advice: what to do about it.
    """

    id: str
    text: str
    advice: str


@dataclass
class QuestionSummary:
    """One question.

    :param cpu_seconds: that the reference computes.
    :param right: correct solutions that earn everything, of ``rights``.
    :param wrong: wrong solutions that lose points here.
    :param largest_right: deviation of a correct solution, in units of the tolerance; None: nothing to
        measure.
    :param smallest_wrong: of the known mistakes declared for the question, the deviation of the one that is
        closest to passing, and its name.
    """

    id: str
    points: float
    tests: int
    cpu_seconds: float = 0.0
    right: int = 0
    rights: int = 0
    wrong: list[str] = field(default_factory=list)
    declared: int = 0
    named: int = 0
    largest_right: float | None = None
    smallest_wrong: tuple[float, str] | None = None


@dataclass
class Summary:
    """An assignment.

    :param named: known mistakes that are named to the student, of ``mistakes``; ``misnamed`` as another.
    """

    assignment: str
    questions: list[QuestionSummary]
    findings: list[Finding]
    solutions: int
    mistakes: int = 0
    named: int = 0
    misnamed: int = 0
    unnamed: list[str] = field(default_factory=list)


def summarise(
    assignment: Assignment,
    table: Sequence[PlannedTest],
    solutions: Sequence[Solution],
    records: Mapping[str, Record],
    *,
    whole: bool,
) -> Summary:
    """
    :param records: by solution id.
    :param whole: every solution was graded; else what is lacking is not held against anybody.
    """
    planned = [test for test in table if test.device == "cpu"]
    questions = {
        name: QuestionSummary(
            name,
            round(sum(test.points for test in planned if test.question == name), 6),
            sum(test.question == name for test in planned),
        )
        for name in assignment.questions
        if any(test.question == name for test in planned)  # the others are judged on a GPU alone
    }
    found = Summary(assignment.id, list(questions.values()), [], len(records))
    for solution in solutions:
        record = records.get(solution.id)
        if record is None:
            continue
        if not record.complete:
            broken = [test.name for test in record.tests if test.outcome is Outcome.GRADER_ERROR]
            said = "; ".join([*broken, *record.problems]) or "not all of it was judged"
            found.findings.append(Finding(f"judged: {solution.id}", f"{solution.id}: {said}", JUDGED))
        if solution.right:
            _take_right(found, questions, solution, record)
        elif solution.questions is None:
            _take_starter(found, solution, record)
        else:
            _take_mistake(found, questions, solution, record)
    _weigh(found, whole=whole)
    return found


JUDGED = "a grader error: run `grader grade` on it and read the traceback"


def _take_right(
    found: Summary, questions: Mapping[str, QuestionSummary], solution: Solution, record: Record
) -> None:
    tests = _by_question(record)
    for name, question in questions.items():
        if name not in tests:
            continue
        question.rights += 1
        question.right += not any(test.lost for test in tests[name])
        measured = [test.largest for test in tests[name] if test.largest is not None and test.largest < CLEAR]
        if measured:
            question.largest_right = max([question.largest_right or 0.0, *measured])
        if solution.kind == "reference":
            question.cpu_seconds = round(sum(test.cpu_seconds for test in tests[name]), 3)
    if solution.kind == "reference":
        found.findings += [_trivial(test) for test in record.tests if 0 < test.comparisons == test.trivial]
    for name in record.lost:
        test = next(test for test in tests[name] if test.lost)
        found.findings.append(
            Finding(
                f"right: {solution.id} {name}",
                f"{solution.id} is right and loses {record.lost[name]:g} points of {name}: {test.name} says "
                f"{test.message!r}",
                "the test is unfair to it, or the solution is wrong after all: decide by the handout",
            )
        )


def _trivial(test: TestRecord) -> Finding:
    return Finding(
        f"trivial: {test.name}",
        f"every comparison of {test.name} would be passed by zeros, or by the right numbers in other places",
        "ask a case whose answer is neither nothing nor all alike",
    )


def _take_starter(found: Summary, solution: Solution, record: Record) -> None:
    paid = [test for test in record.tests if test.points]
    for test in paid:
        found.findings.append(
            Finding(
                f"starter: {test.name}",
                f"the untouched starter earns {test.points:g} points of {test.question} ({test.name})",
                "points are paid for something that the stub already does",
            )
        )


def _take_mistake(
    found: Summary, questions: Mapping[str, QuestionSummary], solution: Solution, record: Record
) -> None:
    asked = solution.questions or frozenset()
    tests = _by_question(record)
    for name in record.lost:
        if name in questions:
            questions[name].wrong.append(solution.name)
    for name in sorted(asked - set(record.lost)):
        text = f"{solution.name} is in the code, and {name} loses no points by it"
        found.findings.append(
            Finding(f"not lost: {solution.name} {name}", text, "the tests of it lack a case")
        )
    for name in sorted(set(record.lost) - asked):
        test = next(test for test in tests[name] if test.lost)
        text = (
            f"{solution.name} loses {record.lost[name]:g} points of {name} too ({test.name}: {test.message})"
        )
        advice = (
            "declare the question in the mistake's QUESTIONS, or make the test ask for its own question only"
        )
        found.findings.append(Finding(f"lost: {solution.name} {name}", text, advice))
    found.mistakes += 1
    named = record.named
    found.named += solution.name in named
    if solution.name not in named:
        found.unnamed.append(solution.name)
    found.misnamed += bool(named - {solution.name})
    for other in sorted(named - {solution.name}):
        found.findings.append(
            Finding(
                f"misnamed: {solution.name} {other}",
                f"{solution.name} is told to the student as {other}",
                "the two answer alike in that test: join them, or ask a case that tells them apart",
            )
        )
    for name in asked & set(questions):
        question = questions[name]
        question.declared += 1
        question.named += any(test.mistake == solution.name for test in tests.get(name, ()))
        clear = max((_clearness(test) for test in tests.get(name, ()) if _failed(test)), default=None)
        if clear is not None and (question.smallest_wrong is None or clear < question.smallest_wrong[0]):
            question.smallest_wrong = (clear, solution.name)


def _weigh(found: Summary, *, whole: bool) -> None:
    for question in found.questions:
        if question.largest_right is not None and question.largest_right > RIGHT_AT_MOST:
            found.findings.append(
                Finding(
                    f"margin of right: {question.id}",
                    f"{question.id}: a correct solution comes to {question.largest_right:.2g} of the "
                    f"tolerance, more than {RIGHT_AT_MOST:g}",
                    "the inputs are badly conditioned, or the scale is too small: look at the comparison",
                )
            )
        if question.smallest_wrong is not None and question.smallest_wrong[0] < WRONG_AT_LEAST_OFF:
            off, name = question.smallest_wrong
            found.findings.append(
                Finding(
                    f"margin of wrong: {question.id} {name}",
                    f"{question.id}: {name} is only {off:.2g} tolerances off",
                    "ask a case in which the mistake shows more clearly",
                )
            )
        if whole and len(question.wrong) < WRONG_AT_LEAST and question.points:
            found.findings.append(
                Finding(
                    f"few: {question.id}",
                    f"{question.id} is failed by {len(question.wrong)} wrong solutions, not {WRONG_AT_LEAST}",
                    "write known mistakes for it",
                )
            )
    share = found.named / found.mistakes if found.mistakes else 1.0
    if whole and share < NAMED_AT_LEAST:
        found.findings.append(
            Finding(
                "named",
                f"{found.named} of {found.mistakes} known mistakes are named to the student ({share:.1%}), "
                f"not {NAMED_AT_LEAST:.0%}",
                "let a test ask what tells the unnamed apart, or give them a signature",
            )
        )


def _by_question(record: Record) -> dict[str, list[TestRecord]]:
    found: dict[str, list[TestRecord]] = {}
    for test in record.tests:
        found.setdefault(test.question, []).append(test)
    return found


def _failed(test: TestRecord) -> bool:
    return test.outcome is not Outcome.PASSED


def _clearness(test: TestRecord) -> float:
    """How far off a failed test was, in tolerances; where no comparison of numbers failed it, all the way."""
    return test.largest if test.largest is not None and test.largest > 1.0 else CLEAR
