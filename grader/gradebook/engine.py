"""Grades a class: decides what is to be graded, has Dask do it, and keeps each grading as it comes."""

from __future__ import annotations

import contextlib
import itertools
import secrets
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import CancelledError
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from distributed import Client, Future, KilledWorker, as_completed

from grader.config import Course
from grader.faults import GraderFault
from grader.gradebook import cluster, desk
from grader.gradebook.cluster import GPU, SchedulerGone
from grader.gradebook.desk import ProcessKilled
from grader.gradebook.identity import Asked, Taken, assignment_of, taken, version
from grader.gradebook.lines import Lines
from grader.gradebook.model import Grading, Run, RunState, Submission, Version
from grader.gradebook.store import Gradebook, now
from grader.gradebook.tasks import Answer, Task
from grader.points import read_points
from grader.results import json_file
from grader.text import one_line

# Tasks for each thread, the one under way among them: none waits long, and the last ones are shared.
AHEAD = 2
NO_WORKER = ""  # in the place of an address
TRIES = 3  # of a grading whose process is killed

Device = Literal["cpu", "cuda"]
Report = Callable[[int, int], None]


@dataclass(frozen=True)
class Handed:
    """A submission and where it lies."""

    submission: Submission
    path: Path


@dataclass(frozen=True)
class Due:
    """A grading that is to be made."""

    submission: Submission
    version: Version
    taken: Taken
    task: Task


@dataclass(frozen=True)
class Plan:
    """What a run comes to.

    :param kept: gradings that hold as they are.
    """

    kept: list[Grading]
    due: list[Due]


def plan(
    book: Gradebook,
    run: Run,
    course: Course,
    handed: Sequence[Handed],
    assignments: Sequence[str],
    asked: Asked,
    *,
    devices: Sequence[Device] = ("cpu",),
    regrade: bool = False,
    pictures: bool = True,
) -> Plan:
    """What has to be graded, and what was already: by the same version, from the same files.

    :param regrade: all of it, whatever was graded before this run began.
    :raises ConfigError: an assignment or a part is not there.
    """
    wanted = [
        (assignment_of(course, name, asked, device), version(course, name, asked, device), tests)
        for name in assignments
        for device in devices
        if (tests := _tests(course, name, asked, device)) is not None
    ]
    ours = {grading.id for grading in book.gradings(run)} if regrade else set[int]()
    made = Plan([], [])
    for each in handed:
        for assignment, now_grading, tests in wanted:
            handed_in = taken(course, assignment, each.path)
            before = book.find(each.submission.key, now_grading, handed_in.identity)
            if before is not None and before.usable and (not regrade or before.id in ours):
                made.kept.append(before)
                continue
            task = Task(
                pseudonym=each.submission.pseudonym,
                assignment=assignment.id,
                path=each.path.absolute(),
                version=now_grading.digest,
                asked=asked,
                device=now_grading.device,
                tests=tests,
                pictures=pictures,
            )
            made.due.append(Due(each.submission, now_grading, handed_in, task))
    return made


def _tests(course: Course, name: str, asked: Asked, device: Device) -> tuple[str, ...] | None:
    """Which tests are asked for: on a GPU those that need one, and nothing at all where there is none."""
    if device == "cpu":
        return ()
    assignment = assignment_of(course, name, asked, device)
    planned = read_points(assignment.points_path)
    tests = [test.test for test in planned if test.device == "cuda" and assignment.asks(test.question)]
    return tuple(dict.fromkeys(tests)) or None


def grade(book: Gradebook, run: Run, planned: Plan, client: Client | None, report: Report) -> None:
    """Grade what is due; each grading is in the book before the next one is looked at.

    :param client: None where nothing is due.
    :param report: told how many of how many are in the book, each time that one is.
    :raises SchedulerGone: the scheduler ended. What was kept until then is kept.
    :raises GraderFault: a worker has another version of what grades.
    """
    state: RunState = "stopped"
    total = len(planned.kept) + len(planned.due)
    try:
        for grading in planned.kept:
            book.use(run, grading)
        report(len(planned.kept), total)
        if client is None:
            assert not planned.due
            state = "finished"
            return
        if any(due.task.device == "cuda" for due in planned.due) and not cluster.gpus(client):
            raise GraderFault(
                "no worker of the cluster offers a GPU; one that does is started with "
                "`dask worker ADDRESS --resources GPU=1`"
            )
        for count, (due, answer) in enumerate(_answers(client, planned.due), len(planned.kept) + 1):
            if answer.other:
                raise GraderFault(f"a worker cannot grade the same as this machine: {answer.other}")
            book.add(run, _grading(due, answer), answer.pictures)
            report(count, total)
        state = "finished"
    finally:
        book.end(run, state)


def _grading(due: Due, answer: Answer) -> Grading:
    result = json_file.parse(answer.result) if answer.result else None
    fault = answer.fault
    if result is not None and not due.taken.identity.startswith(result.submission_hash):
        result, fault = None, "it was changed while it was graded"
    return Grading(
        submission=due.submission.key,
        assignment=due.task.assignment,
        version=due.version,
        identity=due.taken.identity,
        ended=now(),
        seconds=answer.seconds,
        fault=fault,
        result=result,
    )


def _answers(client: Client, due: Iterable[Due]) -> Iterator[tuple[Due, Answer]]:
    """What came of each, as it comes. A few are handed over beforehand: to each worker of those that it is
    the fastest with, and apart from them those for GPUs, which wait for a device."""
    all_due = list(due)
    lines = Lines((each.taken.slot, each) for each in all_due if each.task.device == "cpu")
    for_gpus = iter([each for each in all_due if each.task.device == "cuda"])
    waiting: dict[Future[Answer], tuple[Due, str]] = {}
    coming = as_completed(loop=client.loop)

    def submit(each: Due, worker: str, **where: object) -> None:
        key = f"{each.task.name} {secrets.token_hex(4)}"  # unlike that of an earlier run
        future = client.submit(desk.work, each.task, key=key, retries=TRIES - 1, **where)
        waiting[future] = each, worker
        coming.add(future)

    def hand_over() -> None:
        running = cluster.threads(client)
        workers = sorted(running) or [NO_WORKER]  # all of them died: the scheduler waits for others
        under_way = Counter(worker for _, worker in waiting.values())
        for worker in workers:
            for _ in range(AHEAD * running.get(worker, 1) - under_way[worker]):
                each = lines.take(worker, workers)
                if each is None:
                    break
                there = {"workers": [worker], "allow_other_workers": True} if running else {}
                submit(each, worker, **there)
        for each in itertools.islice(for_gpus, max(0, AHEAD * cluster.gpus(client) - under_way[GPU])):
            submit(each, GPU, resources={GPU: 1})

    try:
        hand_over()
        for future in coming:
            each, _ = waiting.pop(future)
            yield each, _answer(future, each.task)
            future.release()
            hand_over()
    except OSError as error:  # CommClosedError among them
        raise SchedulerGone(f"the Dask scheduler is gone: {one_line(str(error))}") from None
    finally:
        with contextlib.suppress(OSError, TimeoutError):
            client.cancel(list(waiting))


def _answer(future: Future[Answer], task: Task) -> Answer:
    """
    :raises SchedulerGone: nobody can say any more what came of it.
    """
    if future.status in ("cancelled", "lost"):
        raise SchedulerGone("the Dask scheduler is gone")
    if future.status != "error":
        answer: Answer = future.result()
        return answer
    error = future.exception()  # the task's own: an OSError among them is no broken connection
    if isinstance(error, ProcessKilled | KilledWorker):
        return Answer(fault=f"what graded it was killed {TRIES} times, for want of memory perhaps")
    if isinstance(error, CancelledError):
        raise SchedulerGone("the Dask scheduler is gone")
    said = one_line(f"{type(error).__name__}: {error}")
    raise GraderFault(f"{task.name}: a worker of the cluster failed: {said}") from error
