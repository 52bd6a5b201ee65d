"""Jobs for the processes of a pool, which import them from here; and a whole run of such jobs."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

from grader.config import Course
from grader.faults import GraderFault
from grader.grading import Grading, Request
from grader.pool import Pool

HANGING = "def last(values: list[float]) -> float:\n    import time\n    time.sleep(1000)\n"


def answer(grading: Grading, job: int) -> tuple[int, int]:
    return job * job, os.getpid()


def wait_for(grading: Grading, job: Path) -> str:
    """Return once a file is there."""
    while not job.exists():
        time.sleep(0.01)
    return job.name


def fault(grading: Grading, job: int) -> int:
    if job == 2:
        raise GraderFault("this one has no result")
    if job == 5:
        raise ValueError("a mistake in the job's own code")
    return job


def die(grading: Grading, job: Path) -> None:
    """Tell the process id; the first process to come is killed, the others go on for ever."""
    (job / str(os.getpid())).touch()
    try:
        (job / "first").touch(exist_ok=False)
    except FileExistsError:
        time.sleep(1000)
    while len(list(job.iterdir())) < 3:
        time.sleep(0.01)
    os.kill(os.getpid(), signal.SIGKILL)


def grade(grading: Grading, job: Path) -> float:
    return grading.grade(Request("q1", job)).score


def main(kind: str, course: str, *jobs: str) -> None:
    """Carry out jobs of a kind on two processes, and say what each gave."""
    carry_out = {"grade": grade, "wait": wait_for}[kind]
    with Pool(Course(Path(course)), 2) as pool:
        for done in pool.map(carry_out, map(Path, jobs)):
            print(done.result, done.fault, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
