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

    Long ones are among them only where the solution is declared to fail their question. Of each question that
    loads the changed file one test is among them: a file that cannot be loaded at all shows in any.

    :param long: the long tests (:func:`long_tests`).
    :param short: no long ones on a solution that is not declared to fail any.
    """
    if not solution.file:
        if not short or solution.kind == "reference":
            return ()
        return tuple(test.test for test in table if test.device == "cpu" and test.test not in long)
    module = Path(solution.file).stem
    declared = solution.questions or frozenset()
    touched = reach.tests(module, solution.changed)
    witnesses = {_witness(table, question, long) for question in reach.questions(module)}
    chosen = [
        test.test
        for test in table
        if test.device == "cpu"
        and (
            test.question in declared
            or test.test in witnesses
            or (test.test in touched and test.test not in long)
        )
    ]
    return tuple(dict.fromkeys(chosen))


def _witness(table: Sequence[PlannedTest], question: str, long: Collection[str]) -> str:
    """A test of a question that sees a file that cannot be loaded: that of the interface, if it has one."""
    there = [test for test in table if test.question == question and test.device == "cpu"]
    short = [(test.rung != "interface", test.test) for test in there if test.test not in long]
    return min(short)[1] if short else ""


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
