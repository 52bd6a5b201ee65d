"""The Dask cluster that a class is graded on: one of our own within this process, or one that runs.

The cluster of our own talks to itself in memory: its scheduler and workers are threads here, and what grades
are processes that the workers start (:mod:`grader.gradebook.desk`). So it has no socket that anybody could
reach; Dask's messages are unpickled by whoever receives them. A cluster that runs is the instructor's to
close off, by TLS in Dask's own settings.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator

import dask
from distributed import Client, Scheduler, SpecCluster, Worker

from grader.config import Course
from grader.faults import GraderFault
from grader.gradebook.desk import NAME, Desk
from grader.text import one_line

CONNECT_SECONDS = 30.0  # until a scheduler answers, and again until it has a worker
GPU = "GPU"  # Dask's name of the resource
# Dask's own pages listen in any case: on this machine alone, on a free port, and they show nothing.
PAGES = {"dashboard": False, "dashboard_address": "127.0.0.1:0"}
SETTINGS: dict[str, object] = {
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
    # A grading is minutes long at times, and whether it hangs is for the tests' own limits to say.
    "distributed.scheduler.worker-ttl": None,
}


class SchedulerGone(GraderFault):
    """The scheduler cannot be reached, or no longer."""


@contextlib.contextmanager
def connected(course: Course, scheduler: str | None, processes: int, gpus: int = 0) -> Iterator[Client]:
    """A client of a cluster whose workers can grade.

    :param scheduler: address of one that runs; None makes a cluster here.
    :param processes: that grade, on a cluster made here; ``gpus`` of them may use a GPU.
    :raises SchedulerGone: there is none at the address, or it has no workers.
    """
    logger = logging.getLogger("distributed")
    level = logger.level
    logger.setLevel(logging.CRITICAL)  # what it has to say of lost workers and tasks is said by us
    try:
        with dask.config.set(SETTINGS), _client(scheduler, processes, gpus) as client:
            client.register_plugin(Desk(course), name=NAME)
            try:
                yield client
            finally:  # a cluster that goes on must not keep our processes
                with contextlib.suppress(OSError, TimeoutError):
                    client.unregister_worker_plugin(NAME)
    finally:
        logger.setLevel(level)


@contextlib.contextmanager
def _client(scheduler: str | None, processes: int, gpus: int) -> Iterator[Client]:
    if scheduler is None:
        workers = {
            number: {
                "cls": Worker,
                "options": {
                    "nthreads": 1,
                    "memory_limit": 0,  # the processes that grade have limits of their own
                    "resources": {GPU: 1} if number < gpus else {},
                    **PAGES,
                },
            }
            for number in range(processes)
        }
        inside = {"cls": Scheduler, "options": {"protocol": "inproc://", **PAGES}}
        with (
            SpecCluster(workers=workers, scheduler=inside, silence_logs=False) as cluster,
            Client(cluster, set_as_default=False) as client,
        ):
            yield client
        return
    shown = one_line(scheduler)
    try:
        client = Client(scheduler, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        raise SchedulerGone(f"no Dask scheduler answers at {shown}: {one_line(str(error))}") from None
    try:
        try:
            client.wait_for_workers(1, timeout=CONNECT_SECONDS)
        except TimeoutError:
            raise SchedulerGone(f"the Dask scheduler at {shown} has no workers") from None
        yield client
    finally:
        with contextlib.suppress(OSError, TimeoutError):
            client.close()


def threads(client: Client) -> dict[str, int]:
    """How many gradings each worker does at once, by its address."""
    running: dict[str, int] = client.nthreads()
    return running


def gpus(client: Client) -> int:
    """How many gradings on a GPU can be under way at once."""
    workers = client.scheduler_info(n_workers=-1)["workers"].values()
    return int(sum(worker["resources"].get(GPU, 0) for worker in workers))
