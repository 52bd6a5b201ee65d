"""A class whose gradings take a moment and are written down: what is done, whoever is killed.

As a program it is ``grader batch`` without a course: the same plan, cluster, tasks and gradebook. Only what a
process does with a task is replaced, here in the process of a cluster's own, or in a worker that loads this
file by ``--preload``.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import msgspec

from grader.config import Course
from grader.faults import GraderFault
from grader.gradebook import desk
from grader.gradebook.cluster import connected
from grader.gradebook.engine import Due, Plan, grade
from grader.gradebook.identity import Asked, Taken
from grader.gradebook.model import Entry, Grading, Run, Version
from grader.gradebook.store import Gradebook
from grader.gradebook.tasks import Answer, Task
from grader.grading import Grading as Grader
from grader.results.model import Result, SubmissionResult

SUBMISSIONS = 24
ASSIGNMENTS = ("p1", "p2")
SECONDS = 0.05
PICTURE = bytes(range(256)) * 400  # 100 KiB: a write that can be cut in two
DIGEST = "d" * 64
JOURNAL = "journal"
PROCESS = "process-"


def result_of(task: Task) -> Result:
    return Result(
        schema_version=1,
        assignment=task.assignment,
        title="",
        state="finished",
        complete=True,
        score=50.0,
        max_score=100.0,
        bonus=0.0,
        questions=[],
        problems=[task.pseudonym],
        submission=SubmissionResult(folder="", files=[], ignored=[]),
        submission_hash=DIGEST,
        leaderboard=[],
        isolation="sandbox",
        layers=[],
        device="cpu",
        seed=1,
        seed_source="given",
        versions={},
    )


def carry_out(grading: Grader, task: Task) -> Answer:
    """Write down that it is graded, and by whom; an append of a line is whole or not there."""
    (task.path / f"{PROCESS}{os.getpid()}").touch()
    time.sleep(SECONDS)
    journal = os.open(task.path / JOURNAL, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(journal, f"{task.pseudonym} {task.assignment} {time.time_ns()}\n".encode())
    os.close(journal)
    return Answer(
        result=msgspec.json.encode(result_of(task)),
        seconds=SECONDS,
        pictures={f"{task.assignment}/a.png": PICTURE},
    )


def version(assignment: str) -> Version:
    return Version(assignment=assignment, digest=f"version of {assignment}", engine="e", files="f")


def plan(book: Gradebook, folder: Path) -> Plan:
    entered = book.enter(Entry(key=f"student {number}", path=folder) for number in range(SUBMISSIONS))
    made = Plan([], [])
    for submission in entered:
        for assignment in ASSIGNMENTS:
            found: Grading | None = book.find(submission.key, version(assignment), DIGEST)
            if found is not None:
                made.kept.append(found)
                continue
            task = Task(
                pseudonym=submission.pseudonym,
                assignment=assignment,
                path=folder,
                version=version(assignment).digest,
                asked=Asked(),
            )
            made.due.append(Due(submission, version(assignment), Taken(DIGEST, len(made.due)), task))
    return made


def run(folder: Path, scheduler: str | None) -> None:
    desk.carry_out = carry_out
    with Gradebook(folder, create=True) as book:
        this: Run = book.begin({"asked": "the same"}, {})
        planned = plan(book, folder)
        with connected(Course(folder), scheduler, 2) as client:
            (folder / "up").touch()
            grade(book, this, planned, client, lambda done, total: print(done, total, flush=True))


def dask_setup(worker: object) -> None:
    """What Dask calls in a worker that loads this file."""
    desk.carry_out = carry_out


if __name__ == "__main__":
    import killed  # under the name by which processes find it

    try:
        killed.run(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else None)
    except GraderFault as fault:
        sys.exit(f"fault: {fault}")
