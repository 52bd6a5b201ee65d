"""Which tests a solution is graded with."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from grader.points import PlannedTest
from grader.regression.reach import Reach
from grader.regression.records import Record
from grader.regression.solutions import Solution

LONG_SECONDS = 2.0  # of computing that a test takes the reference: a training run


def choice_for(
    solution: Solution, table: Sequence[PlannedTest], reach: Reach, reference: Record, *, short: bool = False
) -> tuple[str, ...]:
    """The tests that a changed solution may fail; none means all of them.

    Long ones are among them only where the solution is declared to fail their question.

    :param reference: what became of the reference, which says how long each test takes.
    :param short: no long ones on a solution that is not declared to fail any.
    """
    if not solution.file:
        if not short or solution.kind == "reference":
            return ()
        return tuple(
            test.test for test in table if test.device == "cpu" and test.test not in long_tests(reference)
        )
    touched = reach.questions(Path(solution.file).stem)
    declared = solution.questions or frozenset()
    long = long_tests(reference)
    chosen = [
        test.test
        for test in table
        if test.device == "cpu"
        and (test.question in declared or (test.question in touched and test.test not in long))
    ]
    return tuple(dict.fromkeys(chosen))


def long_tests(reference: Record) -> frozenset[str]:
    """The tests that take the reference long."""
    return frozenset(test.name for test in reference.tests if test.cpu_seconds > LONG_SECONDS)
