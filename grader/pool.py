"""Grades many submissions on several processes, each with what :class:`grader.grading.Grading` shares."""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing.context import SpawnContext, SpawnProcess
from pathlib import Path
from types import FrameType
from typing import Any, Generic, NoReturn, TypeVar

from grader.config import Course
from grader.faults import GraderFault
from grader.grading import Grading
from grader.worker.removal import remove

AHEAD = 3  # jobs handed to each process beforehand

# Of a process that grades:
_grading: Grading | None = None
_parent = 0
_busy = False  # with a job

J = TypeVar("J")
R = TypeVar("R")


@dataclass(frozen=True)
class Done(Generic[J, R]):
    """A job with what came of it: a result, or why there is none."""

    job: J
    result: R | None
    fault: str = ""


class _Context(SpawnContext):
    """Starts new interpreters (the judge's threads and signal handlers are no one else's), and knows them."""

    def __init__(self) -> None:
        super().__init__()
        self.started: list[SpawnProcess] = []

    def Process(self, *args: Any, **kwargs: Any) -> SpawnProcess:  # type: ignore[override]
        self.started.append(SpawnProcess(*args, **kwargs))
        return self.started[-1]


class Pool:
    """Some processes that each carry out jobs one after another with a :class:`Grading` of their own.

    A context; its end ends the processes, and the jobs that are under way.
    """

    def __init__(self, course: Course, processes: int | None = None) -> None:
        self.processes = processes or os.cpu_count() or 1
        # Of all temporary files: a process that is killed cannot remove its own.
        self.folder = Path(tempfile.mkdtemp(prefix="grader-"))
        self.folder.chmod(0o711)  # as in grader.shared
        self._context = _Context()
        self._watched = 0  # processes
        self._executor = ProcessPoolExecutor(
            self.processes,
            mp_context=self._context,
            initializer=_begin,
            initargs=(course, os.getpid(), self.folder),
        )

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None:
        # Idle ones leave at once; a job that is under way is nobody's any more.
        for process in self._context.started:
            if process.pid is not None:
                process.terminate()
        self._executor.shutdown(cancel_futures=True)
        remove(self.folder)

    def _watch_all(self) -> None:
        """Have the executor watch processes that it has just started: it looks which there are when it is
        given something to do, and starts one for that only afterwards. One that was killed until the next
        result came would be waited for."""
        while self._watched != len(self._context.started):
            self._watched = len(self._context.started)
            self._executor.submit(_nothing)

    def map(self, carry_out: Callable[[Grading, J], R], jobs: Iterable[J]) -> Iterator[Done[J, R]]:
        """What came of each job, as it comes; jobs are taken from ``jobs`` as there is room for them.

        :param carry_out: a function of a module, which the processes import. A :class:`GraderFault` that it
            raises is the job's own; anything else ends the run.
        :raises GraderFault: a process was killed.
        """
        waiting: dict[Future[R], J] = {}
        left = iter(jobs)
        try:
            while True:
                for job in itertools.islice(left, AHEAD * self.processes - len(waiting)):
                    waiting[self._executor.submit(_carry_out, carry_out, job)] = job
                self._watch_all()
                if not waiting:
                    return
                for future in wait(waiting, return_when=FIRST_COMPLETED).done:
                    job = waiting.pop(future)
                    try:
                        yield Done(job, future.result())
                    except GraderFault as fault:
                        yield Done(job, None, str(fault))
        except BrokenProcessPool:
            raise GraderFault("a process that grades was killed, for want of memory perhaps") from None


def _nothing() -> None:
    """A job that makes the executor look."""


def _begin(course: Course, parent: int, folder: Path) -> None:
    global _grading, _parent
    _parent = parent
    tempfile.tempdir = str(folder)
    if sys.platform == "linux":
        from grader.worker import kernel

        # Whoever is told to end halfway through this would leave its folder: it is told afterwards.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGTERM)  # a killed parent leaves nothing behind
        if os.getppid() != parent:
            _leave()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends its processes
    signal.signal(signal.SIGTERM, _told)
    _grading = Grading(course)
    if sys.platform == "linux":
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})


def _told(number: int, frame: FrameType | None) -> None:
    """End by a signal: a job first, as by Ctrl-C, which pytest and every context in it heed."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if _busy:
        raise KeyboardInterrupt
    _leave()


def _carry_out(carry_out: Callable[[Grading, J], R], job: J) -> R:
    global _busy
    assert _grading is not None
    try:
        try:
            _busy = True
            return carry_out(_grading, job)
        finally:
            _busy = False
    except KeyboardInterrupt:
        _leave()


def _leave() -> NoReturn:
    """End this process at once: its executor takes every exception for the job's, and goes on."""
    if _grading is not None:
        _grading.shared.close()
    if os.getppid() != _parent and tempfile.tempdir is not None:
        with contextlib.suppress(OSError):  # the others' files are still there
            os.rmdir(tempfile.tempdir)
    os._exit(128 + signal.SIGTERM)
