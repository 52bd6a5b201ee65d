"""An assignment of a regression: what it asks, what is graded of it, and what became of that."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from grader.config import Assignment, Course
from grader.points import PlannedTest, read_points
from grader.regression.baseline import Baseline, read_baseline
from grader.regression.carrying import Job, job
from grader.regression.choice import choice_for, long_tests
from grader.regression.reach import Reach
from grader.regression.records import Record
from grader.regression.solutions import Solution, reference_of, solutions


@dataclass
class Chosen:
    """An assignment with what is graded of it: ``solutions``, of all that are ``known``.

    :param before: what came out last time.
    :param records: by solution id.
    """

    assignment: Assignment
    reference: Path
    table: list[PlannedTest]
    known: list[Solution]
    solutions: list[Solution]
    before: Baseline = field(default_factory=Baseline)
    records: dict[str, Record] = field(default_factory=dict)

    @classmethod
    def of(cls, here: Course, name: str) -> Chosen:
        """:raises ConfigError: no such assignment, it lacks a reference or a table of points, or its baseline
        cannot be read."""
        assignment = here.assignment(name)
        known = solutions(here, assignment)
        table = read_points(assignment.points_path)
        reference = reference_of(here, assignment)
        return cls(assignment, reference, table, known, known, read_baseline(reference))

    @property
    def id(self) -> str:
        return self.assignment.id

    @property
    def reach(self) -> Reach:
        """What a change of a file can touch."""
        return Reach(self.assignment, self.reference, self.table)

    def long(self, reference: Record) -> frozenset[str]:
        """The long tests, by what became of the reference."""
        return long_tests(reference, self.before.long)

    def reference_job(self, here: Course, seed: int, isolation: str) -> Job:
        """The grading that comes first: it tells how long each test takes."""
        return job(here, self.assignment, self.known[0], seed, isolation=isolation)

    def jobs(
        self, here: Course, seed: int, isolation: str, *, whole: bool = False, short: bool = False
    ) -> list[Job]:
        """Of all solutions but the reference, which has been graded.

        :param whole: every test, also those that a solution cannot touch.
        :param short: no training runs on alternatives.
        """
        reach, long = self.reach, self.long(self.records["reference"])
        return [
            job(
                here,
                self.assignment,
                solution,
                seed,
                () if whole else choice_for(solution, self.table, reach, long, short=short),
                isolation=isolation,
            )
            for solution in self.solutions
            if solution.kind != "reference"
        ]
