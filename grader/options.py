"""What the command line asks of a grading run, checked before anything starts."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from grader import seeds
from grader.config import Assignment, ConfigError, Course
from grader.points import Device, is_public
from grader.seeds import Secret, load_secret


@dataclass(frozen=True)
class Options:
    """The run's options; every folder is absolute."""

    course: Course
    assignments: tuple[Assignment, ...]
    submission: Path | None
    results: Path | None
    gradescope: Path | None
    plan: Path | None
    artifacts: Path | None
    grading_seed: int | None
    isolation: str | None  # None: as strong as the collected tests need
    launcher: str
    device: Device
    secret: Secret
    metadata: Path | None = None
    rehearsal: bool = False

    @property
    def gpu(self) -> bool:
        """Whether GPU questions are run, on a GPU or in a rehearsal."""
        return self.device == "cuda" or self.rehearsal

    @classmethod
    def of(cls, config: pytest.Config, folders: list[Path]) -> Options:
        """:raises pytest.UsageError: the options contradict one another, or something named is unusable."""
        try:
            course = Course.find(folders[0])
            assignments = tuple(course.assignment(folder.name) for folder in folders)
            if part := config.getoption("--part"):
                assignments = tuple(assignment.only(part) for assignment in assignments)
            rehearsal = bool(config.getoption("--gpu-rehearsal"))
            on_gpu = config.getoption("--device") == "cuda"
            if rehearsal and on_gpu:
                raise pytest.UsageError("--gpu-rehearsal is for want of a GPU: not with --device cuda")
            if rehearsal or on_gpu:
                assignments = tuple(assignment.with_optional() for assignment in assignments)
            secret = load_secret()
        except ConfigError as error:
            raise pytest.UsageError(str(error)) from None
        here = config.invocation_params.dir

        def path(name: str) -> Path | None:
            value = config.getoption(name)
            return Path(here, value).absolute() if value else None

        options = cls(
            course=course,
            assignments=assignments,
            submission=path("--submission"),
            results=path("--results"),
            gradescope=path("--gradescope"),
            plan=path("--grader-plan"),
            artifacts=path("--artifacts"),
            grading_seed=config.getoption("--grading-seed"),
            isolation=config.getoption("--isolation"),
            launcher=config.getoption("--launcher") or ("zygote" if sys.platform == "linux" else "fresh"),
            device=config.getoption("--device"),
            secret=secret,
            metadata=path("--gradescope-metadata"),
            rehearsal=rehearsal,
        )
        if config.inipath is not None and config.inipath.parent != course.root:
            options.refuse_settings(config.inipath)
        if options.artifacts is not None and not config.option.collectonly:
            try:
                options.artifacts.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise pytest.UsageError(
                    f"--artifacts {options.artifacts}: {error.strerror or error}"
                ) from None
        if len(assignments) > 1 and (options.results or options.gradescope):
            names = ", ".join(assignment.id for assignment in assignments)
            raise pytest.UsageError(
                f"--results and --gradescope hold one assignment, and this run has {names}"
            )
        return options

    def refuse_settings(self, settings: Path) -> None:
        """
        :raises pytest.UsageError: pytest took its settings out of what is to be graded.
        """
        if self.submission is not None and settings.resolve().is_relative_to(self.submission.resolve()):
            raise pytest.UsageError(
                f"pytest took its settings from {settings}, which was handed in: name the assignment first, "
                f"and write --submission={self.submission} in one word"
            )

    @property
    def secrets(self) -> list[Path]:
        """What a submission must not be able to read or write: hidden tests, references, results, secret."""
        found = [*self._run_files, self.course.root / ".git"]
        if named := os.environ.get(seeds.VARIABLE):
            found.append(Path(named))
        for assignment in self.assignments:
            found += [path for path in assignment.folder.glob("test_*.py") if not is_public(path.name)]
            reference = self.course.reference(assignment.id)
            if reference is not None:
                found += [reference, *sorted(reference.glob("*.py"))]
        return [path for path in found if path.exists()]

    @property
    def hide(self) -> list[Path]:
        """What is no business of a submission, wherever it lies."""
        names = ("assignments", "reference", "tests", ".git")
        return [*self._run_files, self.course.root, *(self.course.root / name for name in names)]

    @property
    def _run_files(self) -> list[Path]:
        # The platform's metadata hold names, and earlier results with what is not shown of them.
        places = (self.results, self.gradescope, self.artifacts, self.metadata)
        return [path for path in places if path is not None]

    def artifacts_of(self, assignment_id: str) -> Path | None:
        """Where an assignment's pictures go, or None if nobody wants any."""
        return self.artifacts / assignment_id if self.artifacts else None

    def refuse_hidden(self, file: Path) -> str | None:
        """Why a test file must not run under these options, or None."""
        if self.isolation == "none" and not is_public(file.name):
            return f"--isolation none runs student code in the judge's process: {file.name} is not for that"
        return None
