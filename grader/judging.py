"""Where tests run: gives each test its subjects and its allowance, and turns what happened into an
outcome."""

from __future__ import annotations

import contextlib
import inspect
import signal
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from typing import Any

import pytest

from grader import margins
from grader.artifacts import Artifacts
from grader.compare import Precision
from grader.config import assignment_of
from grader.faults import GraderFault, Mismatch, Outcome, SubmissionFault, UnfitInput
from grader.gpu_turns import Turns
from grader.launch import Allowance, Plan, Worker, Zygote
from grader.options import Options
from grader.points import PlannedTest, is_public
from grader.run import REFERENCE, STUDENT, AssignmentRun
from grader.scoring import CaseResult, Mistake
from grader.shared import PLUGIN
from grader.site import REHEARSED
from grader.subject import Subject
from grader.submission import collect
from grader.supply import Supply, TestState, state_key
from grader.text import plain
from grader.verdicts import NEEDS_GPU, Raising, RefusedError, dress, verdict
from grader.workers import Workers

DEFAULT_SECONDS = 20.0  # where neither a marker nor the ini file says how long a test may take
BACKSTOP_SECONDS = 60.0
CUDA_SECONDS = 60.0  # of computing: the driver, the libraries, the first kernels, in each process of a test


allowance_key = pytest.StashKey[Allowance]()
backstop_key = pytest.StashKey[float]()


def planned(item: pytest.Item, cases: int = 1) -> PlannedTest | None:
    """What a collected test declares in its marker, or None if it is not graded."""
    marker = item.get_closest_marker("graded")
    folder = assignment_of(item.path)
    if marker is None or folder is None:
        return None
    said = marker.kwargs
    name = f"{item.path.relative_to(folder).as_posix()}::{getattr(item, 'originalname', None) or item.name}"
    document = (getattr(getattr(item, "obj", None), "__doc__", None) or item.name).strip()
    return PlannedTest(
        question=said["question"],
        test=name,
        title=document.splitlines()[0].strip(),
        points=said["points"],
        cases=cases,
        rung=said["rung"],
        visibility=said["visibility"] or ("visible" if is_public(item.path.name) else "hidden"),
        device=said["device"],
        hint=said["hint"] or "",
    )


def _overdue(number: int, frame: object) -> None:
    raise GraderFault("the test itself never came back; no subject was to blame")


def _unwritten(excinfo: pytest.ExceptionInfo[BaseException], *_: object) -> str:
    return type(excinfo.value).__name__


class Judge:
    """Runs in every process that runs tests."""

    def __init__(self, config: pytest.Config, options: Options) -> None:
        self.config = config
        self.options = options
        shared = config.pluginmanager.get_plugin(PLUGIN)
        self.workers = Workers(options, collect_only=config.option.collectonly, shared=shared)
        self.turns = Turns(rehearsal=options.rehearsal)
        self.supply = Supply(self.workers)
        self.runs: dict[str, AssignmentRun] = {}

    def run_of(self, item: pytest.Item) -> AssignmentRun:
        """The assignment's run, made at its first test."""
        folder = assignment_of(item.path)
        assert folder is not None
        if folder.name not in self.runs:
            course = self.options.course
            assignment = next(each for each in self.options.assignments if each.id == folder.name)
            source = self.options.submission or course.starter(assignment.id)
            given = course.reference(assignment.id) or course.starter(assignment.id)
            self.runs[folder.name] = AssignmentRun(
                course=course,
                assignment=assignment,
                submission=collect(
                    assignment, source, self.workers.folder / assignment.id / "submission", given
                ),
                secret=self.options.secret,
                folder=self.workers.folder / assignment.id,
                given_seed=self.options.grading_seed,
            )
        return self.runs[folder.name]

    @pytest.hookimpl
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """With ``--part`` the tests of the other parts are not this run's."""
        known = {assignment.id: assignment for assignment in self.options.assignments}
        others = []
        for item in items:
            plan, folder = planned(item), assignment_of(item.path)
            if plan and folder and folder.name in known and not known[folder.name].asks(plan.question):
                others.append(item)
        if others:
            config.hook.pytest_deselected(items=others)
            items[:] = [item for item in items if item not in set(others)]
        self.supply.hidden = any(planned(item) and not is_public(item.path.name) for item in items)

    # -- time

    @pytest.hookimpl(tryfirst=True, optionalhook=True)
    def pytest_timeout_set_timer(self, item: pytest.Item, settings: Any) -> bool | None:
        """Keep pytest-timeout's marker and set no timer: its own would kill the judge, or leave the worker
        alive."""
        if planned(item) is None:
            return None
        item.stash[allowance_key] = Allowance.of_timeout(settings.timeout)
        if self.options.isolation != "none" and hasattr(signal, "setitimer"):
            # Both subjects have their own deadlines; this one is for a test of ours that never comes back.
            signal.signal(signal.SIGALRM, _overdue)
            item.stash[backstop_key] = BACKSTOP_SECONDS + 10 * settings.timeout
            signal.setitimer(signal.ITIMER_REAL, item.stash[backstop_key])
        return True

    @contextlib.contextmanager
    def _in_line(self, item: pytest.Item) -> Iterator[None]:
        """While a test waits for its turn at the GPU, its time does not run."""
        seconds = item.stash.get(backstop_key, 0.0)
        if seconds:
            signal.setitimer(signal.ITIMER_REAL, 0)
        try:
            yield
        finally:
            if seconds:
                signal.setitimer(signal.ITIMER_REAL, seconds)

    @pytest.hookimpl(tryfirst=True, optionalhook=True)
    def pytest_timeout_cancel_timer(self, item: pytest.Item) -> bool | None:
        if planned(item) is None:
            return None
        if hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_REAL, 0)
        return True

    def _allowance(self, item: pytest.Item) -> Allowance:
        if self.options.isolation == "none":
            return Allowance()  # somebody may be typing at a debugger's prompt
        return item.stash.get(allowance_key, None) or Allowance.of_timeout(DEFAULT_SECONDS)

    # -- a test

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        plan = planned(item)
        if plan is None:
            return
        refused = self.options.refuse_hidden(item.path)
        if refused:
            raise RefusedError(refused)
        self.workers.isolation(self.supply.hidden)
        if plan.device == "cuda" and not self.options.gpu:
            pytest.skip(NEEDS_GPU)
        run = self.run_of(item)
        artifacts = Artifacts(self.options.artifacts_of(run.assignment.id), f"{plan.question}.{item.name}")
        state = item.stash[state_key] = TestState(plan, run, self._allowance(item), artifacts)
        if plan.device == "cuda":
            with self._in_line(item):
                state.site = self.turns.take(state.turn, lambda uuid: self.supply.bare(item, uuid))
            if state.site.card is not None:  # that CUDA starts is nobody's time
                state.allowance = state.allowance.and_more(CUDA_SECONDS)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, None, None]:
        """Call a test again whose inputs cannot be judged, with others: what a seed draws must leave nobody
        without a grade.

        Where it is the tests that are examined, measure how clear their comparisons are, and let inputs that
        cannot be judged stand as the find that they are.
        """
        shared, plan = self.workers.shared, planned(item)
        wanted = shared.margins if shared is not None else None
        if plan is None:
            return (yield)
        if wanted is not None:
            with margins.measured(wanted.setdefault(plan.test, margins.Margins())):
                return (yield)
        try:
            return (yield)
        except UnfitInput:
            if plan.device != "cpu" or "rng" not in getattr(item, "funcargs", {}):
                raise
        self._anew(item)
        return None

    def _anew(self, item: pytest.Item) -> None:
        state = item.stash[state_key]
        self.supply.close(state)
        state.anew = True
        state.allowance = self._allowance(item).renewed()
        state.artifacts.files.clear()
        item.warn(pytest.PytestWarning("its first inputs could not be judged, and others were drawn"))
        self._call(item, STUDENT, state.artifacts)

    def _call(self, item: pytest.Item, role: str, artifacts: Artifacts) -> None:
        """Call a test's function with fresh subjects.

        :param role: of who answers as the submission.
        """
        state = item.stash[state_key]
        held = getattr(item, "funcargs", {})
        fresh: dict[str, Callable[[], Any]] = {
            "student": lambda: self.supply.subject(item, role),
            "reference": lambda: self.supply.subject(item, REFERENCE),
            "rng": lambda: state.run.generator(item.nodeid.rpartition("/")[2], anew=state.anew),
            "artifacts": lambda: artifacts,
        }
        function: Any = getattr(item, "obj", None)
        names = inspect.signature(function).parameters
        function(**{name: fresh[name]() if name in fresh else held[name] for name in names})

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        plan = planned(item)
        error = call.excinfo.value if call.excinfo is not None else None
        if plan is not None and isinstance(error, Mismatch | SubmissionFault):
            # Nobody reads how the judge got there, and to write it down takes longer than most tests.
            item.repr_failure = _unwritten  # type: ignore[assignment, method-assign]
        report = yield
        if plan is None:
            return report
        state = item.stash.get(state_key, None)
        if state is not None:
            state.seconds += call.duration
        if error is None and (report.when != "call" or state is None):
            return report
        result = self._judge(item, plan, state, error, report)
        if state is not None and (report.when == "call" or error is not None):
            if left := self.supply.end(state):
                result = replace(result, outcome=Outcome.GRADER_ERROR, summary=left)
            notes = list(state.student.notes) if state.student else []
            if state.site is not None and state.site.rehearsal:
                notes.append(REHEARSED)
            result = replace(
                result,
                cpu_seconds=state.allowance.spent,
                output=plain("\n".join(part for part in state.shown if part)),
                note="; ".join(notes),
                pictures=tuple(state.artifacts.files),
                # Public tests draw other data, and anybody can look for the seed that they like.
                figure=state.figures[-1] if state.figures and not is_public(item.path.name) else None,
            )
        card = state.site.card if state and state.site else None
        report.gpu = f"{card.name}, driver {card.driver}" if card else ""  # type: ignore[attr-defined]
        report.layers = state.layers if state else []  # type: ignore[attr-defined]
        report.isolation = self.workers.level  # type: ignore[attr-defined]
        dress(report, result, public=is_public(item.path.name))
        return report

    def _judge(
        self,
        item: pytest.Item,
        plan: PlannedTest,
        state: TestState | None,
        error: BaseException | None,
        report: pytest.TestReport,
    ) -> CaseResult:
        """What became of one case."""
        case = f"{plan.test.split('::')[0]}::{item.name}"
        seconds = state.seconds if state else 0.0
        result = CaseResult(plan.question, plan.test, case, Outcome.PASSED, seconds=seconds)
        if error is None:
            return result
        raised = Raising(
            error,
            plan,
            public=is_public(item.path.name),
            apart=self.options.isolation != "none",
            traceback=str(report.longrepr),
        )
        in_test = state if report.when == "call" else None
        result = verdict(result, raised, lambda: in_test and self._goes_through(item, in_test, error))
        if result.outcome in (Outcome.FAILED, Outcome.SUBMISSION_ERROR) and state and state.student:
            precision = error.precision if isinstance(error, Mismatch) else "float32"
            result = replace(result, mistake=self._mistake(item, state, state.student, precision))
        return result

    def _goes_through(self, item: pytest.Item, state: TestState, error: BaseException) -> bool:
        """Whether a test that raised goes through where the reference answers in the submission's place."""
        if isinstance(error, GraderFault) or not isinstance(error, Exception):
            return False  # the engine's own, and a test that never came back would not come back again
        if state.student is None or not state.student.connections:
            return False
        run = state.run
        if run.course.reference(run.assignment.id) is None:
            return False
        try:
            self._call(item, REFERENCE, Artifacts(None, ""))
        except Exception:
            return False
        return True

    def _mistake(
        self, item: pytest.Item, state: TestState, student: Subject, precision: Precision
    ) -> Mistake | None:
        if not isinstance(self.workers.launcher, Zygote):
            return None
        with contextlib.suppress(GraderFault):  # a courtesy: it must not turn a failure into an error of ours

            def start(plan: Plan) -> Worker:
                return self.workers.start(self.supply.confined(item, plan), ours=True)

            known = state.run.recognise(
                student, state.plan.question, item.nodeid.rpartition("/")[2], start, precision
            )
            return None if known is None else Mistake(known.name, known.message)
        return None

    # -- the end

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self) -> None:
        self.workers.close()

    def fixture_subject(self, item: pytest.Item, role: str) -> Subject:
        """For the fixtures ``student`` and ``reference``.

        :raises GraderFault: a public test asked for the reference, which no release has.
        """
        if role == REFERENCE and is_public(item.path.name):
            raise GraderFault("a public test must do without the reference")
        return self.supply.subject(item, role)
