"""Supplies a test with its subjects: a worker for each, confined as the test asks and ended with it."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, field, replace

import pytest

from grader.artifacts import Artifacts
from grader.faults import GraderFault
from grader.launch import Allowance, Plan, Worker
from grader.points import PlannedTest, is_public
from grader.run import STUDENT, AssignmentRun
from grader.scoring import Figure
from grader.site import Site
from grader.subject import Subject
from grader.workers import Workers

GPU_FILE_BYTES = 2 << 30  # of a worker's scratch, where compilers keep what they make for a GPU


@dataclass
class TestState:
    """What one test has in hand while it runs."""

    plan: PlannedTest
    run: AssignmentRun
    allowance: Allowance
    artifacts: Artifacts
    student: Subject | None = None
    workers: list[Worker] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    seconds: float = 0.0
    layers: list[str] = field(default_factory=list)
    anew: bool = False  # the first inputs could not be judged
    site: Site | None = None  # of a GPU question
    turn: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)


state_key = pytest.StashKey[TestState]()


class Supply:
    """Of one process that runs tests.

    :param hidden: whether hidden tests are among them.
    """

    def __init__(self, workers: Workers) -> None:
        self.workers = workers
        self.hidden = False

    def subject(self, item: pytest.Item, role: str) -> Subject:
        """A subject for one test; its worker starts at the first call."""
        state = item.stash[state_key]
        allowance = state.allowance
        if role != STUDENT:  # what the reference takes is not on the student's account
            allowance = Allowance(allowance.cpu_seconds, allowance.wall_seconds)
        test = item.nodeid.rpartition("/")[2]

        def connect(plan: Plan) -> Worker:
            worker = self._worker(item, state, role, plan)
            # The start of our own processes is nobody's time, nor is what the other subject did meanwhile.
            allowance.started = time.monotonic()
            return worker

        subject = state.run.subject(role, state.plan.question, test, allowance, connect)
        if role == STUDENT:
            state.student = subject
        return subject

    def _worker(self, item: pytest.Item, state: TestState, role: str, plan: Plan) -> Worker:
        key = (role, plan.by_hand, str(item.path))
        # What is timed is never remembered.
        ours = role != STUDENT and state.site is None
        worker, own = self.workers.get(key, self.confined(item, plan), ours=ours)
        state.layers = list(worker.layers) or state.layers  # one that only remembers has none
        if own:
            state.workers.append(worker)
        return worker

    def confined(self, item: pytest.Item, plan: Plan) -> Plan:
        """The plan as this test's isolation has it."""
        isolation = self.workers.isolation(self.hidden)
        state = item.stash.get(state_key, None)
        if state is not None and state.site is not None and state.site.card is not None:
            plan = self._on_gpu(plan, state.run, state.site.card.uuid)
        return isolation.confine(plan, loopback=item.get_closest_marker("loopback") is not None)

    def _on_gpu(self, plan: Plan, run: AssignmentRun, uuid: str) -> Plan:
        limits = run.assignment.limits
        return replace(plan, device=uuid, memory_bytes=limits.gpu_memory_mb << 20, file_bytes=GPU_FILE_BYTES)

    def bare(self, item: pytest.Item, uuid: str) -> Worker:
        """A worker with nothing of anybody's in it, on a GPU."""
        folder = self.workers.folder / "device"
        folder.mkdir(exist_ok=True)
        plan = self._on_gpu(Plan(folder, {}, {}, 0, apart=True), item.stash[state_key].run, uuid)
        return self.workers.start(self.workers.isolation(self.hidden).confine(plan))

    def end(self, state: TestState) -> str:
        """End a test: charge it for its workers and end them; of those that serve a file, those whose
        process-wide settings were changed. The GPU is another run's.

        :return: what is wrong with the GPU afterwards; empty if nothing is.
        """
        if state.student is not None and is_public(state.plan.test.split("::")[0]):
            for connection in state.student.connections:
                if isinstance(connection, Worker):
                    state.shown.append(connection.new_output())
        if state.student is not None:
            for connection in state.student.connections:
                if isinstance(connection, Worker) and connection.alive:
                    connection.charge(state.allowance)
        self.close(state)
        with state.turn:  # another run's, from here on
            try:
                if state.site is not None:
                    state.site.settled()
            except GraderFault as fault:
                return str(fault)
        return ""

    def close(self, state: TestState) -> None:
        """End the test's own workers alone."""
        for worker in state.workers:
            worker.close()
        state.workers.clear()
        self.workers.after_test()
