"""``grader grade``: a pytest run per assignment, watched through its results file, and what became of it."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Annotated, Literal

import msgspec
import pytest
import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from grader.commands import many
from grader.commands.console import (
    EXIT_EXPECTATION,
    EXIT_INCOMPLETE,
    EXIT_USAGE,
    as_status,
    course,
    err,
    fail,
)
from grader.config import Course
from grader.faults import GraderFault, Outcome
from grader.many import Asked
from grader.mistakes import plant, read_mistakes
from grader.results import json_file, terminal
from grader.results.model import Result
from grader.stopping import Stopping

POLL_SECONDS = 0.2
LOG_LINES = 30  # of pytest's output, shown where a run left no usable result or an incomplete one


@dataclass(frozen=True)
class Run:
    """How an assignment's pytest run is to be started.

    :param options: for the plugin, as pytest takes them.
    :param results: where the result's JSON is to be.
    """

    course: Course
    assignment: str
    submission: Path
    results: Path
    options: tuple[str, ...] = ()

    def command(self) -> list[str]:
        folder = self.course.root / "assignments" / self.assignment
        command = [sys.executable, "-m", "pytest", str(folder), "--rootdir", str(self.course.root)]
        # Options in one word: a value that stands alone is a place where pytest looks for its settings, and
        # nothing that was handed in may be one.
        command += ["-p", "no:cacheprovider", "-q", f"--submission={self.submission}"]
        return [*command, f"--results={self.results}", *self.options]


class RunError(GraderFault):
    """The run ended without a result that can be read."""


def grade(
    folder: Annotated[
        Path | None,
        typer.Argument(
            metavar="SUBMISSION",
            help="A notebook, or a folder or zip with its files flat or in p5/. Left out with --many.",
            show_default=False,
        ),
    ] = None,
    assignments: Annotated[
        list[str] | None, typer.Argument(help="Which assignments; all by default.")
    ] = None,
    many_in: Annotated[
        Path | None,
        typer.Option("--many", metavar="FOLDER", help="Grade all submissions in this folder instead."),
    ] = None,
    results: Annotated[
        Path | None, typer.Option(help="With --many: keep all results in this file, for `grader diff`.")
    ] = None,
    results_dir: Annotated[Path | None, typer.Option(help="Keep each result here as JSON.")] = None,
    artifacts: Annotated[
        Path | None, typer.Option(help="Draw loss curves, calibration and images into this folder.")
    ] = None,
    plant_mistake: Annotated[
        str | None, typer.Option("--plant", help="Grade the reference with this known mistake in it.")
    ] = None,
    expect: Annotated[float | None, typer.Option(help="Fail unless each score is this.")] = None,
    seed: Annotated[int | None, typer.Option(help="Grading seed, instead of the submission's own.")] = None,
    isolation: Annotated[
        Literal["sandbox", "strongest", "process"] | None,
        typer.Option(
            help="How student code is kept apart: sandbox (the default), the strongest to be had, or process."
        ),
    ] = None,
    processes: Annotated[
        int | None, typer.Option("--processes", "-n", min=1, help="Test processes; more use more cores.")
    ] = None,
    part: Annotated[str | None, typer.Option(help="Grade this part of the assignment alone.")] = None,
    device: Annotated[
        Literal["cpu", "cuda"] | None, typer.Option(help="cuda: judge the GPU questions too.")
    ] = None,
    gpu_rehearsal: Annotated[
        bool, typer.Option("--gpu-rehearsal", help="Run the GPU questions on the CPU at toy size: no points.")
    ] = False,
    launcher: Annotated[
        Literal["zygote", "fresh"] | None,
        typer.Option(help="How workers start: forked, or as new interpreters."),
    ] = None,
) -> None:
    """Grade a submission and print its tables, or with --many a folder of them and print one table.

    Status: 0 every result is complete; 1 an expectation is not met; 2 asked something impossible;
    3 something could not be judged, or was not run.
    """
    here = course()
    if many_in is not None:
        alone: dict[str, object] = {"--results-dir": results_dir, "--artifacts": artifacts}
        alone |= {"--plant": plant_mistake, "--expect": expect, "--launcher": launcher}
        alone |= {"--device": device, "--gpu-rehearsal": gpu_rehearsal or None}
        for name, value in alone.items():
            if value is not None:
                raise fail(f"{name} is for one submission: it does not go with --many")
        named = [*([str(folder)] if folder is not None else []), *(assignments or [])]
        ids = many.chosen(here, named)
        asked = Asked(tuple(ids), part=part or "", seed=seed, isolation=isolation)
        raise typer.Exit(many.grade(here, asked, many_in, results, processes or 1))
    if results is not None:
        raise fail("--results goes with --many; --results-dir keeps the results of one submission")
    if folder is None:
        raise fail("name a submission, or a folder of them with --many")
    if not folder.exists():
        raise fail(f"{folder}: no such folder, zip or notebook")
    ids = assignments or here.assignments()
    for assignment_id in ids:
        known = here.assignment(assignment_id)  # says what is wrong with the name or the file
        if part:
            known.only(part)
    if plant_mistake and (
        len(ids) != 1 or here.reference(ids[0]) not in (folder.absolute(), folder.absolute() / ids[0])
    ):
        raise fail(
            "--plant changes the reference of one assignment, as in: grader grade reference p1 --plant NAME"
        )
    pictures = artifacts.absolute() if artifacts else None
    given: dict[str, object] = {"--grading-seed": seed, "--isolation": isolation, "--launcher": launcher}
    given |= {"--artifacts": pictures, "--part": part}
    given |= {"--device": device}
    options = tuple(f"{name}={value}" for name, value in given.items() if value is not None)
    options += ("--gpu-rehearsal",) if gpu_rehearsal else ()
    if processes and processes > 1:
        options += ("-n", str(processes))
    status = 0
    stopping = Stopping()
    with stopping, tempfile.TemporaryDirectory(prefix="grader-") as scratch, as_status(stopping):
        if plant_mistake:
            folder = plant(here, ids[0], plant_mistake, Path(scratch, "planted"))
        for assignment_id in ids:
            kept = Path(results_dir or scratch, f"{assignment_id}.json").absolute()
            run = Run(here, assignment_id, folder.absolute(), kept, options)
            status = max(status, _grade_one(run, expect, plant_mistake))
    raise typer.Exit(status)


def _grade_one(run: Run, expect: float | None, planted: str | None) -> int:
    """Runs, prints the table and what is wrong with the run; the exit status."""
    with tempfile.TemporaryFile() as log:
        try:
            result, status = watch(run, log)
        except RunError as error:
            err.print(_end_of(log))
            raise fail(f"{run.assignment}: {error}", EXIT_INCOMPLETE) from None
        terminal.show(result, sys.stdout)
        sys.stdout.flush()
        if not result.complete:
            err.print(_end_of(log))
            said = f"error: {run.assignment} is not complete; this grade must not be used"
            err.print(said, style="red")
            return EXIT_USAGE if status == pytest.ExitCode.USAGE_ERROR else EXIT_INCOMPLETE
    missed = []
    if expect is not None and result.score != expect:
        missed.append(f"{run.assignment} got {result.score:g} points, not the expected {expect:g}")
    if planted:
        missed += _unseen(run, planted, result)
    for line in missed:
        err.print(f"error: {line}", style="red")
    return EXIT_EXPECTATION if missed else 0


def _unseen(run: Run, planted: str, result: Result) -> list[str]:
    """The questions of a planted mistake that lost no points, a line each."""
    questions = read_mistakes(run.course.reference(run.assignment))[planted].questions
    known = {question.id: question for question in result.questions}
    asked = [known[question] for question in questions if question in known]
    if not asked:
        return [f"{planted} is a mistake of another part: no question of {result.part} shows it"]
    missed = []
    for question in asked:
        # What only GPU tests pay is a bonus, without a maximum: there the outcome tells.
        bonus = all(test.device == "cuda" for test in question.tests)
        if bonus and question.outcome is Outcome.NOT_RUN:
            missed.append(f"{planted} shows in {question.id}, which was not run: --gpu-rehearsal runs it")
        elif question.outcome is Outcome.PASSED if bonus else question.points >= question.max_points:
            missed.append(f"{planted} is in the code, and {question.id} lost no points by it")
    return missed


def watch(run: Run, log: IO[bytes]) -> tuple[Result, int]:
    """Starts the run and shows its progress until it ends; its result and pytest's exit status.

    :param log: takes what pytest prints.
    :raises RunError: it left no result, or one that cannot be read.
    """
    run.results.parent.mkdir(parents=True, exist_ok=True)
    run.results.unlink(missing_ok=True)
    with _progress() as progress:
        task = progress.add_task(run.assignment, total=None)
        with subprocess.Popen(
            run.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=run.course.root
        ) as child:
            try:
                while child.poll() is None:
                    _advance(progress, task, run.results)
                    time.sleep(POLL_SECONDS)
            except BaseException:  # an interrupt must not leave the run behind
                child.terminate()
                child.wait()
                raise
        _advance(progress, task, run.results)
    try:
        return json_file.parse(run.results.read_bytes()), child.returncode
    except (OSError, msgspec.DecodeError) as error:
        said = f"the run ended with status {child.returncode} and no usable result: {error}"
        raise RunError(said) from None


def _end_of(log: IO[bytes]) -> str:
    """The last lines that pytest printed."""
    log.seek(0)
    lines = log.read().decode("utf-8", errors="replace").splitlines()
    return "\n".join(lines[-LOG_LINES:])


def _progress() -> Progress:
    """A bar on a terminal, nothing in a log."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=err, transient=True, disable=not err.is_terminal)


def _advance(progress: Progress, task: TaskID, results: Path) -> None:
    try:
        result = json_file.parse(results.read_bytes())
    except (OSError, msgspec.DecodeError):
        return  # not there yet; whether it ever comes is seen at the end
    tests = [
        test
        for question in result.questions
        for test in question.tests
        if test.device == "cpu" or result.device == "cuda"
    ]
    done = sum(test.outcome is not Outcome.NOT_RUN for test in tests)
    progress.update(task, total=len(tests), completed=done)
