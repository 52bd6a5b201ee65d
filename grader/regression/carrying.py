"""Grades solutions on several processes, and keeps what became of them."""

from __future__ import annotations

import datetime
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.calibration_runs import versions
from grader.config import Assignment, Course
from grader.faults import GraderFault, Outcome
from grader.grading import Grading, Request
from grader.margins import Margins
from grader.pool import Pool
from grader.regression.records import CLEAR, Record, RecordStore, TestRecord, digest
from grader.regression.solutions import Solution, lay_out, reference_of
from grader.results.model import Result

# A record, and whether it was kept from before
Progress = Callable[[Record, bool], None]


@dataclass(frozen=True)
class Job:
    """A solution that is to be graded.

    :param tests: which tests; none means all.
    :param stages: further tests, stage by stage while none has failed, each up to the first that fails.
    :param brief: keep the tests that did not pass, and the number of the others.
    """

    solution: Solution
    seed: int
    digest: str
    tests: tuple[str, ...] = ()
    stages: tuple[tuple[str, ...], ...] = ()
    isolation: str | None = None
    brief: bool = False


def job(
    course: Course,
    assignment: Assignment,
    solution: Solution,
    seed: int,
    tests: Iterable[str] = (),
    *,
    stages: Sequence[Sequence[str]] = (),
    isolation: str | None = None,
    brief: bool = False,
) -> Job:
    """A job, with the digest of all that its record depends on."""
    chosen = tuple(tests)
    every = [*chosen, *(f"{number} {test}" for number, stage in enumerate(stages) for test in stage)]
    key = digest(assignment, reference_of(course, assignment), solution, every, isolation)
    later = tuple(tuple(stage) for stage in stages)
    return Job(solution, seed, key, chosen, later, isolation, brief)


def carry_out(grading: Grading, job: Job) -> Record:
    """Grade a solution in a process of the pool.

    :raises GraderFault: a run left no result.
    """
    course, solution = grading.course, job.solution
    assignment = course.assignment(solution.assignment)
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="grader-", ignore_cleanup_errors=True) as folder:
        into = Path(folder, assignment.id)
        handed_in = lay_out(solution, assignment, reference_of(course, assignment), into)
        tests: list[TestRecord] = []
        for number, stage in enumerate((job.tests, *job.stages)):
            margins: dict[str, Margins] = {}
            grading.shared.margins = margins
            request = Request(
                assignment.id,
                handed_in,
                seed=job.seed,
                tests=stage,
                first_failure=number > 0,
                isolation=job.isolation,
            )
            result = grading.grade(request)
            tests += _tests(result, margins)
            if job.stages and any(test.outcome is not Outcome.PASSED for test in tests):
                break
    listed = [test for test in tests if not job.brief or test.outcome is not Outcome.PASSED]
    return Record(
        assignment=assignment.id,
        solution=solution.id,
        seed=job.seed,
        digest=job.digest,
        complete=result.complete if not (job.tests or job.stages) else _judged(tests, result),
        problems=result.problems,
        tests=listed,
        passed=len(tests) - len(listed),
        seconds=round(time.monotonic() - started, 3),
        date=datetime.datetime.now(datetime.UTC).date().isoformat(),
        versions=versions(),
    )


def run(
    pool: Pool, stores: dict[str, RecordStore], jobs: Sequence[Job], progress: Progress
) -> Iterator[Record]:
    """The records of all jobs: those that are kept first, then the others as they come.

    :raises GraderFault: a grading left no result; what was graded before is kept.
    """
    left = []
    for each in jobs:
        known = stores[each.solution.assignment].find(each.solution.id, each.seed, each.digest)
        if known is None:
            left.append(each)
        else:
            progress(known, True)
            yield known
    for done in pool.map(carry_out, left):
        if done.result is None:
            raise GraderFault(f"{done.job.solution.assignment}, {done.job.solution.id}: {done.fault}")
        stores[done.result.assignment].add(done.result)
        progress(done.result, False)
        yield done.result


def _judged(tests: Sequence[TestRecord], result: Result) -> bool:
    """Whether every test that was chosen came to a verdict."""
    return result.state == "finished" and not any(test.outcome is Outcome.GRADER_ERROR for test in tests)


def _tests(result: Result, margins: dict[str, Margins]) -> list[TestRecord]:
    found = []
    for question in result.questions:
        for test in question.tests:
            if test.outcome is Outcome.NOT_RUN:
                continue
            seen = margins.get(test.name, Margins())
            found.append(
                TestRecord(
                    name=test.name,
                    question=question.id,
                    points=test.points,
                    max_points=test.max_points,
                    outcome=test.outcome,
                    message=test.message,
                    mistake=test.mistake.name if test.mistake else "",
                    cpu_seconds=round(test.cpu_seconds, 3),
                    largest=min(seen.largest, CLEAR) if seen.comparisons else None,
                    comparisons=seen.comparisons,
                    trivial=seen.trivial,
                )
            )
    return found
