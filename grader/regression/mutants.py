"""Grades mutants of the reference as submissions, and says which of them no test has seen."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from grader.config import Assignment
from grader.faults import Outcome
from grader.mutation import Equivalent, Mutant
from grader.points import PlannedTest
from grader.regression.reach import Reach
from grader.regression.records import Record, TestRecord
from grader.regression.solutions import Solution
from grader.regression.touch import changed

KILLED_AT_LEAST = 0.98  # of the mutants that are not equivalent
ORDER = {"random": 0, "edges": 1, "figures": 2, "closed": 2, "gate": 3, "interface": 4}

Verdict = Literal["killed", "survived", "equivalent", "unjudged"]
Naming = Literal["named", "misnamed", "question", "elsewhere"]


def solution_of(mutant: Mutant, assignment: Assignment, reference: Path) -> Solution:
    """A mutant as a submission."""
    asked = frozenset({mutant.question})
    names = changed(mutant.original, mutant.source)
    return Solution(assignment.id, "mutant", mutant.id, reference, mutant.module, mutant.source, asked, names)


def stages(
    mutant: Mutant, table: Sequence[PlannedTest], reach: Reach, long: Collection[str]
) -> list[tuple[str, ...]]:
    """The tests that may see a mutant, in the order in which they are worth asking.

    First its own question's, then those of other questions that may come to what it changes, at last the
    training runs of its own: what only another question's training would show is a gap in the tests of this
    one. Where there are none, all tests are asked: a stage without a name means that.
    """
    touched = reach.tests(Path(mutant.module).stem, changed(mutant.original, mutant.source))
    mine, others, trainings = [], [], []
    for test in sorted(table, key=lambda test: ORDER.get(test.rung, 3)):
        if test.device != "cpu" or test.test not in touched:
            continue
        if test.test in long:
            trainings += [test] if test.question == mutant.question else []
        elif test.question == mutant.question:
            mine.append(test)
        else:
            others.append(test)
    piles = ([test.test for test in pile] for pile in (mine, others, trainings))
    return [tuple(dict.fromkeys(pile)) for pile in piles if pile] or [()]


@dataclass(frozen=True)
class Judged:
    """What became of a mutant.

    :param killer: the first test that failed on it, if one did.
    :param naming: what the student would have been told: the name of a known mistake that fails whatever the
        mutant fails in the question; of one that does not, or two names ("misnamed"); the right question at
        least; or only another question.
    :param mistake: the known mistake that was named.
    """

    mutant: Mutant
    verdict: Verdict
    killer: TestRecord | None = None
    naming: Naming | None = None
    mistake: str = ""


def judged(
    mutant: Mutant,
    record: Record,
    equivalents: Mapping[str, Equivalent],
    mistakes: Mapping[str, Record],
) -> Judged:
    """
    :param mistakes: what became of the known mistakes, by name; without them a name is believed.
    """
    failed = [test for test in record.tests if test.outcome is not Outcome.PASSED]
    broken = [test for test in failed if test.outcome is Outcome.GRADER_ERROR]
    if broken or not record.complete:
        return Judged(mutant, "unjudged", next(iter([*broken, *failed]), None))
    if not failed:
        return Judged(mutant, "equivalent" if mutant.id in equivalents else "survived")
    names = sorted(record.named)
    if names:
        alike = len(names) == 1 and _alike(mutant, record, mistakes.get(names[0]))
        return Judged(mutant, "killed", failed[0], "named" if alike else "misnamed", ", ".join(names))
    here = any(test.question == mutant.question for test in failed)
    return Judged(mutant, "killed", failed[0], "question" if here else "elsewhere")


def _alike(mutant: Mutant, record: Record, mistake: Record | None) -> bool:
    """Whether a known mistake fails every test of the question that the mutant fails.

    It may fail more: a mutant is often the mistake in one place of several.
    """
    if mistake is None:
        return True
    theirs = {test.name for test in mistake.tests if test.outcome is not Outcome.PASSED}
    return all(
        test.name in theirs
        for test in record.tests
        if test.question == mutant.question and test.outcome is not Outcome.PASSED
    )


@dataclass
class Tally:
    """Of one question's mutants, or of all."""

    question: str
    killed: int = 0
    survived: list[Judged] = field(default_factory=list)
    equivalent: int = 0
    unjudged: list[Judged] = field(default_factory=list)
    named: int = 0
    question_named: int = 0
    misnamed: list[Judged] = field(default_factory=list)

    @property
    def total(self) -> int:
        return self.killed + len(self.survived) + self.equivalent + len(self.unjudged)

    @property
    def share(self) -> float:
        """Killed, of those that are not equivalent."""
        counted = self.killed + len(self.survived)
        return self.killed / counted if counted else 1.0

    def add(self, each: Judged) -> None:
        """Count one."""
        self.killed += each.verdict == "killed"
        self.equivalent += each.verdict == "equivalent"
        if each.verdict == "survived":
            self.survived.append(each)
        if each.verdict == "unjudged":
            self.unjudged.append(each)
        self.named += each.naming == "named"
        self.question_named += each.naming == "question"
        if each.naming == "misnamed":
            self.misnamed.append(each)


def tallies(all_of_them: Sequence[Judged], questions: Sequence[str]) -> tuple[list[Tally], Tally]:
    """By question, and altogether."""
    found = {name: Tally(name) for name in questions}
    total = Tally("all")
    for each in all_of_them:
        found[each.mutant.question].add(each)
        total.add(each)
    return list(found.values()), total
