"""A subject outside of pytest: for calibrations, which run solutions many times and judge nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from grader.config import Assignment
from grader.interface import read_interface
from grader.launch import Allowance, Launcher, Plan
from grader.subject import Subject

RUN_SECONDS = 120.0  # CPU time of one run: a backstop, calibrations are made of runs that end
SEED = 0  # a run's own seed travels with its data


def subjects(launcher: Launcher, assignment: Assignment) -> Callable[[Path], AbstractContextManager[Subject]]:
    """A way to open a subject on any folder that holds a solution of the assignment.

    Its worker is set up as in a grading run and ends with the context; it has the role of the student, so
    that what goes wrong in a wrong solution is that solution's outcome.
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
            memory_bytes=limits.memory_mb << 20,
            output_bytes=limits.output_kb << 10,
        )
        worker = launcher.start(plan)
        try:
            yield Subject(
                role="student",
                connect=lambda: worker,
                interface=read_interface(folder, assignment.files),
                question="",
                questions=frozenset(assignment.questions),
                allowance=Allowance.of_timeout(RUN_SECONDS),
                module=Path(assignment.files[0]).stem,
            )
        finally:
            worker.close()

    return open_subject
