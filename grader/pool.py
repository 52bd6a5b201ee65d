"""Grades many submissions on several processes, each with what :class:`grader.grading.Grading` shares."""

from __future__ import annotations

import multiprocessing
import multiprocessing.util
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from grader.config import Course
from grader.faults import GraderFault
from grader.grading import Grading

AHEAD = 3  # jobs handed to each process beforehand

_grading: Grading | None = None


J = TypeVar("J")
R = TypeVar("R")


@dataclass(frozen=True)
class Done(Generic[J, R]):
    """A job with what came of it: a result, or why there is none."""

    job: J
    result: R | None
    fault: str = ""


class Pool:
    """Some processes that each carry out jobs one after another with a :class:`Grading` of their own.

    A context; its end ends the processes.
    """

    def __init__(self, course: Course, processes: int | None = None) -> None:
        self.processes = processes or os.cpu_count() or 1
        # A new interpreter each: the judge's threads and signal handlers are no one else's.
        self._executor = ProcessPoolExecutor(
            self.processes,
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_begin,
            initargs=(course, os.getpid()),
        )

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None:
        self._executor.shutdown(cancel_futures=True)

    def map(self, carry_out: Callable[[Grading, J], R], jobs: Iterable[J]) -> Iterator[Done[J, R]]:
        """What came of each job, as it comes; jobs are taken from ``jobs`` as there is room for them.

        :param carry_out: a function of a module, which the processes import. A :class:`GraderFault` that it
            raises is the job's own; anything else ends the run.
        :raises GraderFault: a process was killed.
        """
        waiting: dict[Future[R], J] = {}
        left = iter(jobs)
        while True:
            while len(waiting) < AHEAD * self.processes and (job := next(left, None)) is not None:
                waiting[self._executor.submit(_carry_out, carry_out, job)] = job
            if not waiting:
                return
            for future in wait(waiting, return_when=FIRST_COMPLETED).done:
                job = waiting.pop(future)
                try:
                    yield Done(job, future.result())
                except GraderFault as fault:
                    yield Done(job, None, str(fault))
                except BrokenProcessPool:
                    raise GraderFault(
                        "a process that grades was killed, for want of memory perhaps"
                    ) from None


def _begin(course: Course, parent: int) -> None:
    global _grading
    if sys.platform == "linux":
        from grader.worker import kernel

        kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGTERM)  # a killed parent leaves nothing behind
        if os.getppid() != parent:
            os._exit(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends its processes
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    _grading = Grading(course)
    multiprocessing.util.Finalize(None, _grading.shared.close, exitpriority=100)


def _carry_out(carry_out: Callable[[Grading, J], R], job: J) -> R:
    assert _grading is not None
    return carry_out(_grading, job)


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder for what a job lays out, gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="grader-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
