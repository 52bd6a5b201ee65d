"""A Dask worker's place of work: the processes that grade for it, each with a zygote that all its gradings
share.

A Dask worker runs tasks in threads. pytest and its signals want a main thread of their own, so each thread
has a process (:mod:`grader.pool`); one that is killed costs the task that it was at, which is tried again.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import queue
from collections.abc import Iterator

from distributed import Worker, WorkerPlugin, get_worker

from grader.config import Course
from grader.faults import GraderFault
from grader.gradebook.tasks import Answer, Task, carry_out
from grader.pool import Pool

NAME = "grader"  # of the plugin


class ProcessKilled(Exception):
    """The process that graded was killed, for want of memory perhaps: Dask tries the task again."""


class Desk(WorkerPlugin):
    """Registered with every worker of the cluster, those that come later among them.

    :param course: as it lies on the worker's machine too.
    """

    name = NAME

    def __init__(self, course: Course) -> None:
        self.course = course

    def setup(self, worker: Worker) -> None:
        """A pool for each of the worker's threads, made when it is needed."""
        # Dask's nanny starts its worker as one that may have no children, lest they outlive it: ours do not.
        multiprocessing.current_process().daemon = False
        self._closed = False
        self._pools: list[Pool] = []
        self._free: queue.SimpleQueue[Pool | None] = queue.SimpleQueue()
        for _ in range(worker.state.nthreads):
            self._free.put(None)

    def teardown(self, worker: Worker) -> None:
        """End the processes, and what they are at."""
        self._closed = True
        for pool in list(self._pools):
            pool.__exit__()

    @contextlib.contextmanager
    def _lent(self) -> Iterator[Pool]:
        pool = self._free.get()
        try:
            if self._closed:
                raise ProcessKilled("the worker is told to end")
            if pool is None:
                pool = Pool(self.course, 1)
                self._pools.append(pool)
            yield pool
        except BaseException:  # killed, or told to end
            if pool is not None:
                self._pools.remove(pool)
                pool.__exit__()
            pool = None
            raise
        finally:
            self._free.put(pool)

    def work(self, task: Task) -> Answer:
        """
        :raises ProcessKilled: by whomever.
        """
        try:
            with self._lent() as pool:
                done = next(pool.map(carry_out, [task]))
        except GraderFault as fault:
            raise ProcessKilled(f"{task.name}: {fault}") from None
        return done.result or Answer(fault=done.fault)


def work(task: Task) -> Answer:
    """What Dask runs."""
    desk = get_worker().plugins[NAME]
    assert isinstance(desk, Desk)
    return desk.work(task)
