"""Which tests a solution is graded with."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from grader.points import PlannedTest
from grader.regression.reach import Reach
from grader.regression.records import Record
from grader.regression.solutions import Solution

LONG_SECONDS = 2.0  # of computing that a test takes the reference: a training run
STAYS = 2.0  # by which factor a test must be faster or slower than that to change sides


def choice_for(
    solution: Solution,
    table: Sequence[PlannedTest],
    reach: Reach,
    long: Collection[str],
    *,
    short: bool = False,
) -> tuple[str, ...]:
    """The tests that a changed solution may fail; none means all of them.

    Long ones are among them only where the solution is declared to fail their question.

    :param long: the long tests (:func:`long_tests`).
    :param short: no long ones on a solution that is not declared to fail any.
    """
    if not solution.file:
        if not short or solution.kind == "reference":
            return ()
        return tuple(test.test for test in table if test.device == "cpu" and test.test not in long)
    touched = reach.questions(Path(solution.file).stem)
    declared = solution.questions or frozenset()
    chosen = [
        test.test
        for test in table
        if test.device == "cpu"
        and (test.question in declared or (test.question in touched and test.test not in long))
    ]
    return tuple(dict.fromkeys(chosen))


def long_tests(reference: Record, before: Collection[str] | None = None) -> frozenset[str]:
    """The tests that take the reference long.

    :param before: those that did last time. A test near the limit stays on its side: what a solution is asked
        must not hang on how busy a machine is.
    """
    found = set()
    for test in reference.tests:
        limit = LONG_SECONDS
        if before is not None:
            limit = LONG_SECONDS / STAYS if test.name in before else LONG_SECONDS * STAYS
        found |= {test.name} if test.cpu_seconds > limit else set()
    return frozenset(found)
