"""Outcomes to points: pure functions over the points table and the cases that were judged.

The rules, in the order in which they act:

- The table says what there is to earn. A planned case without a result is "not run" and earns nothing.
- The cases of one test merge: its share is the mean over the planned cases, its outcome the worst.
- "Interface" and "figures" tests pay only where at least one random case of their question agreed: figures
  that are typed in earn nothing. Questions without random tests are not gated, and random tests that did not
  run gate nothing.
- GPU tests are a bonus, judged with ``device="cuda"`` only; without it they are listed and stand outside
  everything.
- A grader error is never paid out.
- A known mistake is told to the student if it explains what went wrong in a question, not one test of many.

Points are kept as fractions, rounded to two decimals per test, and summed exactly.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Literal

from grader.faults import Outcome
from grader.points import Device, PlannedTest, exact

NOT_JUDGED = "could not be judged"
NOT_STARTED = "not started"
NOT_RUN = "not run"
NEEDS_GPU = "not run: needs a GPU"
GATED = "right, but counts only together with a right answer on random inputs, and there was none"
GATE_BROKEN = "right, but counts only together with the random tests, and they could not be judged"

# Worst first: an error of ours must never hide behind a failure, nor a failure behind a case that did not
# run.
SEVERITY = (
    Outcome.GRADER_ERROR,
    Outcome.TIMED_OUT,
    Outcome.SUBMISSION_ERROR,
    Outcome.FAILED,
    Outcome.NOT_STARTED,
    Outcome.NOT_RUN,
    Outcome.PASSED,
)
UNJUDGED = frozenset({Outcome.GRADER_ERROR, Outcome.NOT_RUN})

# The share of a question's failed tests that a known mistake explains at least. When they were graded
# themselves, each of 376 known mistakes explained 0.4 of them or more; a coincidence explained 0.38 at most.
NAMED_AT_LEAST = Fraction(2, 5)
RECOGNISABLE = frozenset({Outcome.FAILED, Outcome.SUBMISSION_ERROR})

# A share is a float; 2/3 must pay two thirds and not a hair less.
MAX_DENOMINATOR = 100_000


@dataclass(frozen=True)
class Mistake:
    """A known mistake that was recognised: its name, and its message to the student."""

    name: str
    message: str


@dataclass(frozen=True)
class Figure:
    """A measured figure to be ranked by: "desc" where more is better, "asc" where less is."""

    value: float
    order: Literal["asc", "desc"] = "desc"


@dataclass(frozen=True)
class PictureFile:
    """A picture that a test left behind.

    :param file: its name in the assignment's folder of pictures.
    :param drawn: False if it could not be drawn; the title then says why.
    """

    file: str
    title: str
    drawn: bool = True


@dataclass(frozen=True)
class CaseResult:
    """How one case of a test ended.

    :param test: as in the table, without parameters.
    :param case: the same with its parameters, if it has any.
    :param share: of the case's points; counts for a failed case only (a passed one has 1, every other end 0).
    :param agreed: how many random inputs gave the right answer.
    :param summary: one line, safe to show for a hidden test; ``detail`` and ``output`` are for visible tests
        only.
    :param seconds: that it took, and ``cpu_seconds`` that the submission's processes computed.
    :param figure: what a leaderboard ranks by, from a hidden test that measures something.
    :param note: one line that is worth knowing even where the test passed, such as a gate's margin.
    """

    question: str
    test: str
    case: str
    outcome: Outcome
    share: float = 0.0
    agreed: int = 0
    summary: str = ""
    detail: str = ""
    mistake: Mistake | None = None
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    output: str = ""
    note: str = ""
    pictures: tuple[PictureFile, ...] = ()
    figure: Figure | None = None


@dataclass(frozen=True)
class TestScore:
    """What became of a planned test.

    :param counts: False for a GPU test without a GPU: outside the maximum, and complete without it.
    :param rehearsed: a GPU test that ran without one: it says how it ended and pays nothing.
    :param withheld: earned, but not paid because no random case agreed.
    """

    plan: PlannedTest
    outcome: Outcome
    points: float
    message: str = ""
    detail: str = ""
    mistake: Mistake | None = None
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    output: str = ""
    note: str = ""
    pictures: tuple[PictureFile, ...] = ()
    share: Fraction = Fraction()
    counts: bool = True
    rehearsed: bool = False
    withheld: bool = False
    complete: bool = True

    __test__ = False  # the name is not pytest's to collect

    @property
    def max_points(self) -> float:
        return float(self.plan.points) if self.counts else 0.0


@dataclass(frozen=True)
class QuestionScore:
    """What became of a question; ``bonus`` is what its GPU tests earned, on top of ``points``."""

    id: str
    outcome: Outcome
    points: float
    max_points: float
    tests: tuple[TestScore, ...]
    bonus: float = 0.0
    message: str = ""
    mistake: Mistake | None = None
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    complete: bool = True


def score(
    table: Sequence[PlannedTest], cases: Iterable[CaseResult], device: Device = "cpu"
) -> list[QuestionScore]:
    """Every question, in the table's order. Cases of tests that the table does not name earn nothing."""
    by_test: dict[str, dict[str, CaseResult]] = {}
    for case in cases:
        known = by_test.setdefault(case.test, {})
        before = known.get(case.case)
        # The same case twice: its call passed and its teardown failed, say. The worse end counts.
        if before is None or SEVERITY.index(case.outcome) < SEVERITY.index(before.outcome):
            known[case.case] = case
    questions: dict[str, list[PlannedTest]] = {}
    for plan in table:
        questions.setdefault(plan.question, []).append(plan)
    return [_question(question, plans, by_test, device) for question, plans in questions.items()]


def total(questions: Iterable[QuestionScore]) -> tuple[float, float, float, bool]:
    """Score, maximum, bonus, and whether every planned case was judged; sums are exact to the cent."""
    questions = list(questions)
    return (
        _sum(question.points for question in questions),
        _sum(question.max_points for question in questions),
        _sum(question.bonus for question in questions),
        bool(questions) and all(question.complete for question in questions),
    )


def _question(
    question: str, plans: Sequence[PlannedTest], results: dict[str, dict[str, CaseResult]], device: Device
) -> QuestionScore:
    gates = {kind: _gate(kind, plans, results) for kind in ("cpu", "cuda")}
    tests = _told([_test(plan, results.get(plan.test, {}), device, gates[plan.device]) for plan in plans])
    counted = [test for test in tests if test.counts] or [test for test in tests if test.rehearsed]
    worth = [test for test in counted if test.plan.points > 0] or counted
    if counted and all(test.share == 1 and not test.withheld for test in worth):
        outcome = Outcome.PASSED
    else:
        outcome = min((test.outcome for test in counted), key=SEVERITY.index, default=Outcome.NOT_RUN)
    closers = {name for gate in gates.values() if gate.closed for name in gate.tests}
    lost: list[TestScore] = []
    if outcome is not Outcome.PASSED:
        unpaid = [test for test in worth if test.share < 1 or test.withheld]
        lost = [test for test in counted if test in unpaid or test.plan.test in closers]
    first = min(lost, key=_telling, default=None)
    return QuestionScore(
        id=question,
        outcome=outcome,
        points=_sum(test.points for test in tests if test.plan.device == "cpu"),
        max_points=_sum(test.max_points for test in tests if test.plan.device == "cpu"),
        bonus=_sum(test.points for test in tests if test.plan.device == "cuda"),
        tests=tuple(tests),
        message=first.message if first else "" if counted else tests[0].message,
        mistake=next((test.mistake for test in lost if test.mistake), None),
        seconds=math.fsum(test.seconds for test in tests),
        cpu_seconds=math.fsum(test.cpu_seconds for test in tests),
        complete=all(test.complete for test in tests if test.plan.device == "cpu"),
    )


def _told(tests: Sequence[TestScore]) -> list[TestScore]:
    """The tests, without the mistakes that explain too few of the failures to be what is wrong."""
    failed = [test for test in tests if test.outcome in RECOGNISABLE]
    named = Counter(test.mistake for test in failed if test.mistake)
    coincidence = {mistake for mistake, count in named.items() if count < NAMED_AT_LEAST * len(failed)}
    return [replace(test, mistake=None) if test.mistake in coincidence else test for test in tests]


def _telling(test: TestScore) -> int:
    """How much a lost test says about its question, 0 most: an error of ours, what failed, what did not run.

    A test that passed and is not paid comes last: it is only the consequence of another.
    """
    if test.outcome is Outcome.GRADER_ERROR:
        return 0
    return {Outcome.NOT_RUN: 2, Outcome.PASSED: 3}.get(test.outcome, 1)


@dataclass(frozen=True)
class _Gate:
    """The random tests that decide if typed-in figures are paid; closed if they ran and nothing agreed.

    An error of ours closes it too: it must not pay. The result is then incomplete, and the student told why.
    """

    tests: frozenset[str]
    closed: bool
    message: str


def _gate(kind: str, plans: Sequence[PlannedTest], results: dict[str, dict[str, CaseResult]]) -> _Gate:
    """The gate of a question's tests on one kind of device: GPU tests must not decide about CPU points."""
    random = [plan for plan in plans if plan.rung == "random" and plan.device == kind]
    random = [plan for plan in random if plan.points > 0] or random
    cases = [case for plan in random for case in results.get(plan.test, {}).values()]
    ran = [case for case in cases if case.outcome is not Outcome.NOT_RUN]
    agreed = any(case.agreed > 0 or case.outcome is Outcome.PASSED for case in ran)
    broken = any(case.outcome is Outcome.GRADER_ERROR for case in ran)
    tests = frozenset(plan.test for plan in random)
    return _Gate(tests, closed=bool(ran) and not agreed, message=GATE_BROKEN if broken else GATED)


def _total(seconds: Iterable[float]) -> float:
    return math.fsum(each for each in seconds if math.isfinite(each) and each > 0)


def _test(plan: PlannedTest, results: dict[str, CaseResult], device: Device, gate: _Gate) -> TestScore:
    bonus = plan.device == "cuda"
    if bonus and all(case.outcome is Outcome.NOT_RUN for case in results.values()):
        why = next((case.summary for case in results.values() if device == "cuda"), "")
        message = f"{NOT_RUN}: {why}" if why else NOT_RUN if device == "cuda" else NEEDS_GPU
        asked = device == "cuda"
        return TestScore(plan, Outcome.NOT_RUN, 0.0, message, counts=asked, complete=not asked)
    rehearsed = bonus and device != "cuda"
    cases = [results[name] for name in sorted(results, key=_natural)]
    outcomes = [case.outcome for case in cases]
    missing = max(plan.cases - len(cases), 0)
    outcome = min(outcomes + [Outcome.NOT_RUN] * bool(missing), key=SEVERITY.index)
    share = sum((_share(case) for case in cases), Fraction()) / max(plan.cases, len(cases))
    withheld = gate.closed and plan.rung in ("interface", "figures") and share > 0
    worst = next((case for case in cases if case.outcome is outcome), None)
    named = [case for case in cases if case.mistake and case.outcome is not Outcome.PASSED]
    return TestScore(
        plan,
        outcome,
        0.0 if withheld or rehearsed else _round(exact(plan.points) * share),
        gate.message if withheld and outcome is Outcome.PASSED else _message(plan, outcome, worst, missing),
        detail=worst.detail if worst and outcome is not Outcome.PASSED else "",
        mistake=next((case.mistake for case in named if case is worst), named[0].mistake if named else None),
        seconds=_total(case.seconds for case in cases),
        cpu_seconds=_total(case.cpu_seconds for case in cases),
        output="\n".join(case.output for case in cases if case.output),
        note="; ".join(dict.fromkeys(case.note for case in cases if case.note)),
        pictures=tuple(picture for case in cases for picture in case.pictures),
        share=share,
        counts=not rehearsed,
        rehearsed=rehearsed,
        withheld=withheld,
        complete=not missing and not UNJUDGED.intersection(outcomes),
    )


def _message(plan: PlannedTest, outcome: Outcome, worst: CaseResult | None, missing: int) -> str:
    said = worst.summary.strip() if worst else ""
    match outcome:
        case Outcome.PASSED:
            return ""
        case Outcome.GRADER_ERROR:
            return f"{NOT_JUDGED}: {said}" if said else NOT_JUDGED
        case Outcome.NOT_STARTED:
            return said or NOT_STARTED
        case Outcome.NOT_RUN:
            return (
                f"{missing} of {plan.cases} cases {NOT_RUN}" if 0 < missing < plan.cases else said or NOT_RUN
            )
        case _:
            said = said or outcome.value.replace("_", " ")
            return f"{said.rstrip('.')}. Hint: {plan.hint}" if plan.hint else said


def _share(case: CaseResult) -> Fraction:
    if case.outcome is Outcome.PASSED:
        return Fraction(1)
    if case.outcome is not Outcome.FAILED or not math.isfinite(case.share):
        return Fraction()
    return Fraction(min(max(case.share, 0.0), 1.0)).limit_denominator(MAX_DENOMINATOR)


def _natural(case: str) -> list[tuple[int, str]]:
    """Sorts case 10 behind case 9: which case speaks for its test must not depend on the order of running."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", case)]


def _round(points: Fraction) -> float:
    decimal = Decimal(points.numerator) / Decimal(points.denominator)
    return float(decimal.quantize(Decimal("0.01"), ROUND_HALF_UP))


def _sum(points: Iterable[float]) -> float:
    return float(sum((exact(value) for value in points), Fraction()))
