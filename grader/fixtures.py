"""What the tests of an assignment ask for by name."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest

from grader.artifacts import Artifacts
from grader.bench import Bench
from grader.faults import GraderFault
from grader.gates import Gate
from grader.judging import Judge
from grader.kept_rounds import keep
from grader.races import Race
from grader.run import REFERENCE, STUDENT
from grader.site import Site
from grader.subject import Subject
from grader.supply import TestState, state_key


def _judge(request: pytest.FixtureRequest) -> Judge:
    judge = request.config.pluginmanager.get_plugin("grader-judge")
    if not isinstance(judge, Judge):
        raise pytest.UsageError("this fixture belongs to the tests of an assignment")
    return judge


def _state(request: pytest.FixtureRequest) -> TestState:
    _judge(request)
    state: TestState = request.node.stash[state_key]
    return state


@pytest.fixture
def student(request: pytest.FixtureRequest) -> Subject:
    """The submission, in a worker of this test's own."""
    return _judge(request).fixture_subject(request.node, STUDENT)


@pytest.fixture
def reference(request: pytest.FixtureRequest) -> Subject:
    """The reference, called like the student and after it."""
    return _judge(request).fixture_subject(request.node, REFERENCE)


@pytest.fixture
def bench(request: pytest.FixtureRequest) -> Bench:
    """The assignment's bench functions, for ``student.run(bench.name, ...)``."""
    return _state(request).run.bench


@pytest.fixture
def grading_seed(request: pytest.FixtureRequest) -> int:
    """The seed of this submission's grading."""
    return _state(request).run.seed


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> np.random.Generator:
    """Random numbers of this test's own, from the grading seed."""
    return _state(request).run.generator(request.node.nodeid.rpartition("/")[2])


@pytest.fixture
def gate(request: pytest.FixtureRequest) -> Callable[[str], Gate]:
    """A calibrated gate by its id: ``gate("p5.accuracy").judge(student)``."""
    state = _state(request)
    show = state.artifacts.add if state.artifacts.folder else None

    def found(gate_id: str) -> Gate:
        ready = state.run.gate(gate_id, test=state.plan.test, show=show)
        return dataclasses.replace(ready, rank=state.figures.append)

    return found


def _site(state: TestState) -> Site:
    if state.site is None:
        raise GraderFault('this fixture is for tests of GPU questions: graded(..., device="cuda")')
    return state.site


@pytest.fixture
def gpu(request: pytest.FixtureRequest) -> Site:
    """Where a GPU question runs: ``student.run(bench.name, device=gpu.device)``."""
    return _site(_state(request))


@pytest.fixture
def race(request: pytest.FixtureRequest) -> Callable[[str], Race]:
    """A race by its id: ``race("p5.gpu_train").judge(student, reference)``."""
    state = _state(request)
    site = _site(state)

    def found(race_id: str) -> Race:
        ready = state.run.race(race_id, site, test=state.plan.test)
        site.roomy(ready.spec.memory_mb << 20)
        return dataclasses.replace(ready, rank=state.figures.append, keep=lambda race: keep(request, race))

    return found


@pytest.fixture
def artifacts(request: pytest.FixtureRequest) -> Artifacts:
    """Takes pictures: ``artifacts.add(Images(...))``. They are drawn if ``--artifacts`` was given."""
    return _state(request).artifacts
