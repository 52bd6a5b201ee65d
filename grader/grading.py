"""Grades submissions one after another in this process, each by a pytest run as anybody would start it.

The runs share a zygote and what our own solutions have answered (:mod:`grader.shared`), so that a grading
costs little more than the submission's own computing. Each leaves the result file that it would leave alone.
"""

from __future__ import annotations

import contextlib
import io
import sys
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import msgspec
import pytest

from grader.config import Course
from grader.faults import GraderFault
from grader.results import json_file
from grader.results.model import Result
from grader.shared import PLUGIN, Shared

LOG_LINES = 30  # of what pytest prints, where a run left no usable result


@dataclass(frozen=True)
class Request:
    """One grading that is asked for.

    :param submission: a folder, zip or notebook, as a student hands it in.
    :param seed: the grading seed; None: the submission's own.
    :param tests: ids such as ``test_hidden.py::test_x``; none means all.
    :param first_failure: stop at the first test that fails.
    :param isolation: as the option of pytest, and so are ``part`` and ``device``.
    :param artifacts: a folder for pictures; None: none are drawn.
    """

    assignment: str
    submission: Path
    seed: int | None = None
    tests: tuple[str, ...] = ()
    first_failure: bool = False
    isolation: str | None = None
    part: str | None = None
    device: str | None = None
    artifacts: Path | None = None


class GradingError(GraderFault):
    """A run left no result that can be read; its last lines are in the text."""


class Grading:
    """Grades any number of submissions; a context, which ends what they share."""

    def __init__(self, course: Course) -> None:
        self.course = course
        limits = [course.assignment(name).limits.memory_mb for name in course.assignments()]
        self.shared = Shared(memory_bytes=max(limits, default=1024) << 20)
        self._results = self.shared.private / "result.json"

    def __enter__(self) -> Grading:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.shared.close()

    def grade(self, request: Request) -> Result:
        """The result of one submission.

        :raises GradingError: the run left none.
        :raises KeyboardInterrupt: it was interrupted, or told to end; pytest itself would swallow that.
        """
        self._results.unlink(missing_ok=True)
        log, run = io.StringIO(), _Run(self.shared)
        try:
            with contextlib.redirect_stdout(log), contextlib.redirect_stderr(log):
                status = pytest.main(self._arguments(request), plugins=[run])
        finally:
            _forget_modules(self.course.root / "assignments")
        if run.interrupted:
            raise KeyboardInterrupt
        try:
            return json_file.parse(self._results.read_bytes())
        except (OSError, msgspec.DecodeError) as error:
            end = "\n".join(log.getvalue().splitlines()[-LOG_LINES:])
            said = f"the run ended with status {int(status)} and no usable result: {error}"
            raise GradingError(f"{said}\n{end}") from None

    def _arguments(self, request: Request) -> list[str]:
        folder = self.course.root / "assignments" / request.assignment
        arguments = [str(folder / test) for test in request.tests] or [str(folder)]
        arguments += ["--rootdir", str(self.course.root), "-q", "-p", "no:cacheprovider"]
        # It collects garbage five times at the end of each run, a third of a short run's time.
        arguments += ["-p", "no:unraisableexception"]
        # Neither this machine's nor a submission's: what pytest reads as its settings is the course's.
        settings = self.course.root / "pyproject.toml"
        if settings.is_file():
            arguments += ["-c", str(settings)]
        options: dict[str, object] = {
            "--submission": request.submission.absolute(),
            "--results": self._results,
            "--grading-seed": request.seed,
            "--isolation": request.isolation,
            "--part": request.part,
            "--device": request.device,
            "--artifacts": request.artifacts,
        }
        arguments += [f"{name}={value}" for name, value in options.items() if value is not None]
        return [*arguments, "-x"] if request.first_failure else arguments


class _Run:
    """Registers what is shared under a name of its own before any hook of ours runs.

    :param interrupted: by whoever waits, or by a signal.
    """

    def __init__(self, shared: Shared) -> None:
        self.shared = shared
        self.interrupted = False

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        config.pluginmanager.register(self.shared, PLUGIN)

    @pytest.hookimpl
    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        # pytest breaks off by itself through kinds of its own.
        self.interrupted = type(excinfo.value) is KeyboardInterrupt


def _forget_modules(folder: Path) -> None:
    """Have what lies in a folder imported anew: pytest would take the tests of another course for these,
    whose modules have the same names, and what a test left in its module would be there for the next run."""
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if file and Path(file).is_relative_to(folder):
            del sys.modules[name]
