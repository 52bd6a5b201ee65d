"""A subject outside of pytest: for calibrations, which run solutions many times and judge nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from grader.config import Assignment
from grader.interface import read_interface
from grader.launch import Allowance, Launcher, Plan, Worker
from grader.subject import Subject
from grader.worker.messages import CPU

RUN_SECONDS = 120.0  # CPU time of one run: a backstop, calibrations are made of runs that end
SEED = 0  # a run's own seed travels with its data


def subjects(
    launcher: Launcher,
    assignment: Assignment,
    *,
    module: str | None = None,
    device: str = CPU,
    seconds: float = RUN_SECONDS,
) -> Callable[[Path], AbstractContextManager[Subject]]:
    """A way to open a subject on any folder that holds a solution of the assignment.

    Its worker is set up as in a grading run and ends with the context; it has the role of the student, so
    that what goes wrong in a wrong solution is that solution's outcome.

    :param module: what is imported before any input is sent; the first file's by default.
    :param device: the UUID of a GPU that it may use.
    :param seconds: of computing that it may take.
    """
    names = [*assignment.files, *assignment.given]
    modules = {Path(name).stem: name for name in names if name.endswith(".py")}
    limits = assignment.limits

    @contextmanager
    def open_subject(folder: Path) -> Iterator[Subject]:
        plan = Plan(
            folder=folder,
            modules=modules,
            problems={},
            seed=SEED,
            answer_bytes=limits.answer_mb << 20,
            memory_bytes=(limits.memory_mb if device == CPU else limits.gpu_memory_mb) << 20,
            output_bytes=limits.output_kb << 10,
            device=device,
        )
        started = []

        def start() -> Worker:
            started.append(launcher.start(plan))
            return started[-1]

        try:
            yield Subject(
                role="student",
                connect=start,
                interface=read_interface(folder, assignment.files),
                question="",
                questions=frozenset(assignment.questions),
                allowance=Allowance.of_timeout(seconds),
                module=module or Path(assignment.files[0]).stem,
            )
        finally:
            for worker in started:
                worker.close()

    return open_subject
