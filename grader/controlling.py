"""Where results are added up: one process, under xdist the controller, keeps the table, the files and the
last word."""

from __future__ import annotations

import json
import platform
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import msgspec
import pytest
from _pytest.terminal import TerminalReporter

from grader import uploads
from grader.config import Assignment, UploadRules, assignment_of
from grader.faults import GraderFault, Outcome
from grader.judging import planned
from grader.options import Options
from grader.points import PlannedTest, PointsFile, difference, read_points_file
from grader.results import files, gallery
from grader.results.model import Context, Result, State
from grader.results.store import ResultStore
from grader.results.terminal import show
from grader.scoring import CaseResult, Figure, Mistake, PictureFile
from grader.seeds import GIVEN, grading_seed
from grader.shared import PLUGIN
from grader.submission import Submission, SubmissionFolderError, collect
from grader.tomlfile import ConfigError
from grader.uploads import Late

STATUS: dict[Outcome, tuple[str, str, str | tuple[str, dict[str, bool]]]] = {
    Outcome.GRADER_ERROR: ("error", "E", "GRADER ERROR"),
    Outcome.NOT_STARTED: ("not started", ".", ("NOT STARTED", {"yellow": True})),
    Outcome.TIMED_OUT: ("failed", "T", ("TIMED OUT", {"red": True})),
    Outcome.SUBMISSION_ERROR: ("failed", "F", ("FAILED", {"red": True})),
    Outcome.FAILED: ("failed", "F", ("FAILED", {"red": True})),
}
EXIT_GRADER_ERROR = 3  # the instructor has to look, and grade again


@dataclass
class Tally:
    """One assignment's results in the making."""

    assignment: Assignment
    store: ResultStore
    table: list[PlannedTest]
    generated: bool  # whether points.toml was there


class Controller:
    """Adds up what the tests' reports bring."""

    def __init__(self, config: pytest.Config, options: Options) -> None:
        self.config = config
        self.options = options
        self.collected: list[PlannedTest] = []
        self.lost: dict[str, None] = {}  # in their order
        self.late: Late | None = None
        said = self._heed_the_platform() if options.metadata and not config.option.collectonly else ""
        self.tallies = {assignment.id: self._tally(assignment) for assignment in options.assignments}
        if said:
            for tally in self.tallies.values():
                tally.store.problem(said)

    def _heed_the_platform(self) -> str:
        """Take from the platform's metadata what lateness costs; end the run if this upload is not graded.

        :return: what went wrong, to stand in the result. No student is at fault then, and nothing is taken
            off.
        """
        path, target = self.options.metadata, self.options.gradescope
        rules = self.options.assignments[0].uploads
        if path is None or rules == UploadRules():
            return ""
        try:
            metadata = uploads.read_metadata(path)
        except uploads.MetadataError as error:
            return f"neither a limit of uploads nor a penalty for lateness was applied: {error}"
        self.late = uploads.lateness(rules, metadata)
        again = uploads.again_at(rules, metadata)
        if again is None or target is None:
            return ""
        kept = uploads.kept_result(rules, metadata, again)
        try:
            files.replace(target, json.dumps(kept, allow_nan=False).encode("ascii") + b"\n")
        except (OSError, ValueError) as error:
            pytest.exit(f"{target} cannot be written: {error}", EXIT_GRADER_ERROR)
        pytest.exit(f"not graded: {rules.per_day} uploads in 24 hours, again from {again}", 0)

    def _tally(self, assignment: Assignment) -> Tally:
        source = self.options.submission or self.options.course.starter(assignment.id)
        try:
            there = assignment.points_path.is_file()
            file = read_points_file(assignment.points_path) if there else PointsFile(tests=[])
            table = [plan for plan in file.tests if assignment.asks(plan.question)]
        except ConfigError as error:
            self._refuse(assignment, [], source, str(error))
        if not table and getattr(self.config.option, "dist", "no") != "no":
            said = f"{assignment.points_path} is not there: run `grader points` first, or without -n"
            self._refuse(assignment, [], source, said)
        try:
            submission = self._submission(assignment, source)
        except SubmissionFolderError as error:
            self._refuse(assignment, table, source, str(error))
        except (GraderFault, OSError) as error:
            self._refuse(assignment, table, source, str(error), fault=True)
        store = self._store(assignment, table, submission, source)
        hidden = [points for question, points in file.hidden.items() if assignment.asks(question)]
        store.context.hidden_points = round(sum(hidden), 2)
        return Tally(assignment, store, table, bool(table))

    def _refuse(
        self,
        assignment: Assignment,
        table: list[PlannedTest],
        source: Path,
        said: str,
        *,
        fault: bool = False,
    ) -> NoReturn:
        """End the run before it begins; the results files say why, whatever an earlier run left in them.

        :param fault: the machine is at fault, not whoever gave the command.
        """
        store = self._store(assignment, table, None, source)
        store.problem(said, fault=fault)
        store.finish("stopped")
        if fault:
            pytest.exit(said, EXIT_GRADER_ERROR)
        raise pytest.UsageError(said) from None

    def _submission(self, assignment: Assignment, source: Path) -> Submission:
        given = self.options.course.reference(assignment.id) or self.options.course.starter(assignment.id)
        with tempfile.TemporaryDirectory(prefix="grader-") as scratch:
            return collect(assignment, source, Path(scratch) / "submission", given)

    def _store(
        self, assignment: Assignment, table: list[PlannedTest], submission: Submission | None, source: Path
    ) -> ResultStore:
        options = self.options
        given = options.grading_seed is not None
        digest = submission.seed_digest if submission else ""
        seed = options.grading_seed if given else grading_seed(options.secret, assignment.id, digest)
        context = Context(
            submission=submission,
            folder=str(source),
            seed=seed,
            seed_source=GIVEN if given else options.secret.source,
            isolation="",  # until it was decided
            device=options.device,
            artifacts=str(folder) if (folder := options.artifacts_of(assignment.id)) else "",
            versions=versions(),
        )
        if self.config.option.collectonly:  # nothing is judged: an earlier result stays
            return ResultStore(context, table, assignment)
        return ResultStore(
            context,
            table,
            assignment,
            json_path=options.results,
            gradescope_path=options.gradescope,
            late=self.late,
            at_each=self.config.pluginmanager.get_plugin(PLUGIN) is None,  # nobody waits at the file
        )

    # -- collection

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Before ``-k`` and ``--lf`` take tests away: is the table what the markers say?"""
        self.collected = plan_of(items)
        if self.options.plan is not None:
            plans = [msgspec.structs.asdict(plan) for plan in self.collected]
            self.options.plan.write_text(json.dumps(plans, indent=1), encoding="utf-8")
        if self.config.option.collectonly:
            return
        collected = {str(item.path) for item in items}
        for tally in self.tallies.values():
            folder = tally.assignment.folder
            mine = plan_of([item for item in items if assignment_of(item.path) == folder])
            mine = [plan for plan in mine if tally.assignment.asks(plan.question)]
            if not tally.generated:
                tally.store.replan(mine)
                tally.store.problem("points.toml is not there: the maximum is what this run collected")
            elif all(str(path) in collected for path in folder.glob("test_*.py")) and not self._partial():
                for line in difference(tally.table, mine):
                    tally.store.problem(f"points.toml is not current: {line}")

    def _partial(self) -> bool:
        """Whether the command line asks for some tests of a file only."""
        return bool(getattr(self.config.option, "lf", False)) or any(
            "::" in str(argument) for argument in self.config.args
        )

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A test file of ours that does not import: nothing it holds can be judged."""
        if report.failed:
            self._fault(report.nodeid, "cannot be collected: its tests are not run")
        elif report.skipped:
            self._fault(report.nodeid, "skips itself: its tests are not run")

    def _fault(self, nodeid: str, text: str) -> None:
        """Put down to us what became of a node of pytest."""
        folder = assignment_of(Path(self.config.rootpath, nodeid.split("::")[0]))
        for tally in self.tallies.values():
            if folder is None or folder == tally.assignment.folder:
                tally.store.problem(f"{nodeid} {text}", fault=True)

    def pytest_internalerror(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """The run breaks off by an error of ours outside of any test. Its text stays on the terminal: results
        are for students too."""
        for tally in self.tallies.values():
            tally.store.problem(f"the grader broke off ({excinfo.typename}); its log says more", fault=True)
            tally.store.finish("stopped")

    # -- results

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        said: dict[str, Any] | None = getattr(report, "graded", None)
        if said is None:
            if report.failed:  # the process that judged it was killed; another node may take it over
                self.lost[report.nodeid] = None
            return
        self.lost.pop(report.nodeid, None)
        result = case_of(said)
        tally = self.tallies.get(result.question.split(".")[0])
        if tally is not None:
            context = tally.store.context
            context.isolation = getattr(report, "isolation", "") or context.isolation
            context.layers = getattr(report, "layers", None) or context.layers
            if gpu := getattr(report, "gpu", ""):
                context.versions = {**context.versions, "gpu": gpu}
            tally.store.add(result)
            if result.figure is not None:
                question = tally.assignment.questions.get(result.question)
                name = f"{result.question} {question.title}" if question else result.question
                tally.store.leaderboard(name, result.figure.value, result.figure.order)

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(
        self, report: pytest.CollectReport | pytest.TestReport
    ) -> tuple[str, str, str | tuple[str, dict[str, bool]]] | None:
        said: dict[str, Any] | None = getattr(report, "graded", None)
        if said is None:
            return None
        return STATUS.get(Outcome(said["outcome"]))

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        if self.config.option.collectonly:
            return
        state: State = (
            "finished" if exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED) else "stopped"
        )
        for nodeid in self.lost:
            self._fault(nodeid, "ended without a verdict")
        for tally in self.tallies.values():
            result = tally.store.finish(state)
            folder = self.options.artifacts_of(tally.assignment.id)
            if folder is not None:
                self._show_pictures(tally, result, folder)
        if any(tally.store.grader_error or tally.store.unwritten for tally in self.tallies.values()):
            session.exitstatus = EXIT_GRADER_ERROR

    def _show_pictures(self, tally: Tally, result: Result, folder: Path) -> None:
        try:
            gallery.write(result, folder)
        except OSError as error:
            tally.store.unwritten[folder / gallery.FILE_NAME] = error.strerror or str(error)

    def pytest_terminal_summary(self, terminalreporter: TerminalReporter) -> None:
        if self.config.option.collectonly:
            return
        for tally in self.tallies.values():
            terminalreporter.ensure_newline()
            show(tally.store.result(), terminalreporter._tw._file, tally.store.unwritten)


def refuse(config: pytest.Config, folder: Path, said: str) -> None:
    """Where an assignment cannot even be read: write results that say so, in place of an earlier run's."""
    places = [config.getoption(name) for name in ("--results", "--gradescope")]
    json_path, gradescope_path = (Path(config.invocation_params.dir, at) if at else None for at in places)
    unread = Assignment(id=folder.name, folder=folder, title=folder.name, files=[])
    store = ResultStore(Context(), [], unread, json_path, gradescope_path)
    store.problem(said)
    store.finish("stopped")


def plan_of(items: Sequence[pytest.Item]) -> list[PlannedTest]:
    """What the collected tests declare, cases of one test counted together, in the order of collection."""
    merged: dict[str, PlannedTest] = {}
    for plan in filter(None, map(planned, items)):
        before = merged.get(plan.test)
        merged[plan.test] = msgspec.structs.replace(plan, cases=before.cases + 1 if before else 1)
    return list(merged.values())


def case_of(said: dict[str, Any]) -> CaseResult:
    """A case as it crossed from a node of xdist."""
    mistake = said["mistake"]
    known = None if mistake is None else Mistake(**mistake)
    pictures = tuple(PictureFile(**picture) for picture in said["pictures"])
    figure = said["figure"]
    return CaseResult(
        **{
            **said,
            "outcome": Outcome(said["outcome"]),
            "mistake": known,
            "pictures": pictures,
            "figure": None if figure is None else Figure(**figure),
        }
    )


def versions() -> dict[str, str]:
    """What the result depends on; torch's version is read without importing it."""
    from importlib.metadata import PackageNotFoundError, version

    found = {"python": platform.python_version()}
    for name in ("grader", "numpy", "torch", "pytest"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found
