"""False alarms: right solutions, graded with many seeds; whatever fails on one is the grader's mistake."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from grader.config import Assignment
from grader.gate_file import GateRecord
from grader.points import PlannedTest
from grader.regression.records import Record, TestRecord
from grader.seeds import seed_for

CONFIDENCE_FACTOR = 3.0  # after n runs without a failure its chance is at most 3/n, with 95 % confidence


@dataclass
class QuestionAlarms:
    """Of one question.

    :param seeds: gradings of its quick tests; ``long_seeds`` of its training runs.
    :param failures: what failed, with the seed of each.
    :param calibrated: the chance that a gate fails a solution equal to the reference, at most; None: no gate.
    """

    id: str
    tests: int = 0
    seeds: int = 0
    long_tests: int = 0
    long_seeds: int = 0
    failures: list[tuple[int, str, TestRecord]] = field(default_factory=list)
    calibrated: float | None = None

    @property
    def bound(self) -> float | None:
        """What the chance of a false alarm in the quick tests is at most, where there was none."""
        return min(1.0, CONFIDENCE_FACTOR / self.seeds) if self.seeds and not self.failures else None


def seeds_of(count: int, kind: str) -> list[int]:
    """Grading seeds that are the same on every machine; more of them begin with the same.

    :param kind: quick tests and training runs draw others.
    """
    return [seed_for(0, f"false alarms {kind} {index}") % (1 << 31) for index in range(count)]


def alarms(
    assignment: Assignment,
    table: Sequence[PlannedTest],
    long: frozenset[str],
    quick_records: Iterable[Record],
    long_records: Iterable[Record],
    gates: dict[str, GateRecord],
) -> list[QuestionAlarms]:
    """What failed where nothing should, question by question."""
    found = {name: QuestionAlarms(name) for name in assignment.questions}
    for test in table:
        if test.device != "cpu":
            continue
        if test.test in long:
            found[test.question].long_tests += 1
        else:
            found[test.question].tests += 1
    for name, gate in gates.items():
        if name in found:
            found[name].calibrated = max(gate.false_alarm, gate.false_alarm_bound)
    for record in quick_records:
        for question in found.values():
            question.seeds += bool(question.tests)
        _take(found, record)
    for record in long_records:
        for question in found.values():
            question.long_seeds += bool(question.long_tests)
        _take(found, record)
    return list(found.values())


def _take(found: dict[str, QuestionAlarms], record: Record) -> None:
    for test in record.tests:
        found[test.question].failures.append((record.seed, record.solution, test))
