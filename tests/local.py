"""Runs an assignment's own tests against code in this process, for the tests of an assignment's content.

The verdicts are those of a real run: the same fixtures, wire format, checks of types and scoring, without a
process for each test, so that hundreds of submissions can be judged in a minute. What only processes bring
(time limits, confinement, the dead autograd engine of questions by hand) is tested with the engine.

    HALF = Half("p2", "resnet")
    HALF.points(HALF.submission(resnet="def count_parameters(...): ..."))      # {"p2.count": 0.0, ...}
"""

from __future__ import annotations

import hashlib
import importlib.util
import random
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, ClassVar

import msgspec
import numpy as np
import torch

from grader.config import Course
from grader.faults import Mismatch, Outcome, SubmissionFault
from grader.judging import planned
from grader.launch import Allowance, Plan
from grader.mistakes import Mistake, read_mistakes
from grader.points import PlannedTest
from grader.run import REFERENCE, STUDENT, AssignmentRun
from grader.scoring import CaseResult, score
from grader.seeds import Secret
from grader.subject import Subject
from grader.submission import collect
from grader.worker import modules, serve

ROOT = Path(__file__).parents[1]
COURSE = Course(ROOT)
SEED = 20


class LocalConnection:
    """Answers requests in this process; its modules are in place only while it does."""

    def __init__(self, plan: Plan) -> None:
        settings = plan.settings(tempfile.gettempdir())
        self.names = tuple(plan.modules)
        self.finder = modules.SubmissionFinder(settings)
        self.worker = serve.Worker(None, settings)  # type: ignore[arg-type]
        self.loaded: dict[str, ModuleType] = {}
        self.random = np.random.default_rng(plan.seed)

    def request(self, message: Any, buffers: list[memoryview], allowance: Allowance) -> tuple[Any, bytearray]:
        """One request as a worker would carry it out."""
        incoming = bytearray(b"".join(bytes(buffer) for buffer in buffers))
        seed = int(self.random.integers(2**31))  # as each worker has seeds of its own
        # Not torch.manual_seed: for GPUs that are not there it keeps the stack of each call, a millisecond.
        torch.default_generator.manual_seed(seed)
        np.random.seed(seed)
        random.seed(seed)
        with self._modules():
            reply, outgoing = self.worker.answer(message, incoming)
        return reply, bytearray(b"".join(bytes(buffer) for buffer in outgoing))

    def close(self) -> None:
        """Nothing was started."""

    @contextmanager
    def _modules(self) -> Iterator[None]:
        threads, mode = torch.get_num_threads(), torch.is_grad_enabled()
        others = {name: sys.modules.pop(name) for name in self.names if name in sys.modules}
        sys.modules.update(self.loaded)
        sys.meta_path.append(self.finder)
        torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(threads)
            torch.set_grad_enabled(mode)
            sys.meta_path.remove(self.finder)
            self.loaded = {name: sys.modules.pop(name) for name in self.names if name in sys.modules}
            sys.modules.update(others)


@dataclass(frozen=True)
class GradedTest:
    """One graded test function with what its marker says."""

    plan: PlannedTest
    function: Callable[..., None]


@dataclass(frozen=True)
class Verdict:
    """What became of one test."""

    plan: PlannedTest
    result: CaseResult
    student: Subject | None
    summary: str

    @property
    def share(self) -> float:
        """What the test pays, as a share of its points."""
        if self.result.outcome is Outcome.PASSED:
            return 1.0
        return self.result.share if self.result.outcome is Outcome.FAILED else 0.0

    @property
    def lost(self) -> float:
        """Points, were it the only test of its rung."""
        return (1.0 - self.share) * self.plan.points


@dataclass
class Half:
    """The part of an assignment that is about one or more of its files.

    :param assignment: its id.
    :param files: stems of the submitted files; none means all of them.
    """

    assignment: str
    files: tuple[str, ...]
    _folders: list[tempfile.TemporaryDirectory[str]] = field(default_factory=list)

    def __init__(self, assignment: str, *files: str) -> None:
        self.assignment = assignment
        self.config = COURSE.assignment(assignment)
        self.files = files or tuple(Path(name).stem for name in self.config.files)
        self._folders = []

    @property
    def folder(self) -> Path:
        """The assignment's folder."""
        return self.config.folder

    @cached_property
    def reference_folder(self) -> Path:
        folder = COURSE.reference(self.assignment)
        assert folder is not None
        return folder

    @cached_property
    def questions(self) -> tuple[str, ...]:
        """Ids of this half."""
        return tuple(
            name for name, known in self.config.questions.items() if Path(known.file).stem in self.files
        )

    @cached_property
    def tests(self) -> list[GradedTest]:
        """Every graded test of this half's questions."""
        found = []
        for path in sorted(self.folder.glob("test_*.py")):
            for name, function in vars(_load(path)).items():
                item: Any = SimpleNamespace(
                    get_closest_marker=lambda wanted, function=function: next(
                        (mark for mark in getattr(function, "pytestmark", ()) if mark.name == wanted), None
                    ),
                    path=path,
                    name=name,
                    obj=function,
                )
                plan = planned(item) if callable(function) else None
                if plan is not None and plan.question in self.questions and plan.device == "cpu":
                    found.append(GradedTest(plan, function))
        return found

    @cached_property
    def max_points(self) -> dict[str, float]:
        """Points of each question, from the markers."""
        sums = dict.fromkeys(self.questions, 0.0)
        for test in self.tests:
            sums[test.plan.question] += test.plan.points
        return {name: round(points, 9) for name, points in sums.items()}

    @cached_property
    def mistakes(self) -> dict[str, Mistake]:
        """The known mistakes of this half."""
        known = read_mistakes(self.reference_folder)
        return {name: mistake for name, mistake in known.items() if mistake.module in self.files}

    # -- submissions

    def submission(self, appended: Mapping[str, str] | None = None, /, **more: str) -> Path:
        """A folder with the reference's files and a text appended to some of them, by module."""
        texts = {**(appended or {}), **more}
        kept = tempfile.TemporaryDirectory(prefix="local-")
        self._folders.append(kept)
        folder = Path(kept.name)
        for path in self.reference_folder.glob("*.py"):
            text = path.read_text(encoding="utf-8")
            if path.stem in texts:
                text += f"\n\n{texts.pop(path.stem)}"
            (folder / path.name).write_text(text, encoding="utf-8")
        assert not texts, f"no such module: {sorted(texts)}"
        return folder

    def planted(self, name: str) -> Path:
        """The reference with a known mistake in it."""
        return self.submission({self.mistakes[name].module: self.mistakes[name].source})

    # -- verdicts

    def run(self, folder: Path, seed: int = SEED) -> AssignmentRun:
        """A grading run of a submission."""
        kept = tempfile.TemporaryDirectory(prefix="local-run-")
        self._folders.append(kept)
        scratch = Path(kept.name)
        return AssignmentRun(
            course=COURSE,
            assignment=self.config,
            submission=collect(self.config, folder, scratch / "submission", self.reference_folder),
            secret=Secret(b"never asked, for the seed is given", "local"),
            folder=scratch,
            given_seed=seed,
        )

    def judge(self, run: AssignmentRun, test: GradedTest) -> Verdict:
        """The verdict of one test on a submission; an error of the test itself passes through."""
        subjects: dict[str, Subject] = {}

        def subject(role: str) -> Subject:
            if role not in subjects:
                allowance = Allowance()
                subjects[role] = run.subject(role, test.plan.question, test.plan.test, allowance, connect)
            return subjects[role]

        fixtures: dict[str, Callable[[], Any]] = {
            "student": lambda: subject(STUDENT),
            "reference": lambda: subject(REFERENCE),
            "bench": lambda: run.bench,
            "grading_seed": lambda: run.seed,
            "rng": lambda: run.generator(test.plan.test),
            "gate": lambda: run.gate,
            "artifacts": _Nowhere,
        }
        code = test.function.__code__
        outcome, share, agreed, summary = Outcome.PASSED, 1.0, 0, ""
        try:
            test.function(**{name: fixtures[name]() for name in code.co_varnames[: code.co_argcount]})
        except Mismatch as wrong:
            outcome, share, agreed, summary = Outcome.FAILED, wrong.share, wrong.agreed, wrong.summary
        except SubmissionFault as fault:
            if fault.role != STUDENT:
                raise
            outcome, share, agreed, summary = fault.outcome, 0.0, 0, fault.told
        plan = test.plan
        result = CaseResult(plan.question, plan.test, plan.test, outcome, share=share, agreed=agreed)
        return Verdict(plan, result, subjects.get(STUDENT), summary)

    def verdicts(
        self, folder: Path, questions: Iterable[str] = (), *, seed: int = SEED, without: Sequence[str] = ()
    ) -> list[Verdict]:
        """Of every test of these questions, or of the half.

        :param without: names of test functions that are left out (long training runs).
        """
        wanted = set(questions) or set(self.questions)
        run = self.run(folder, seed)
        return [
            self.judge(run, test)
            for test in self.tests
            if test.plan.question in wanted and test.function.__name__ not in without
        ]

    def subject(self, folder: Path, question: str, seed: int = SEED) -> Subject:
        """A submission, to ask it directly; the question's file is imported first."""
        return self.run(folder, seed).subject(STUDENT, question, "asked directly", Allowance(), connect)

    def share(self, folder: Path, name: str, seed: int = SEED) -> float:
        """What one test, by the name of its function, pays: a share of its points."""
        test = next(test for test in self.tests if test.function.__name__ == name)
        return self.judge(self.run(folder, seed), test).share

    def points(
        self, folder: Path, *questions: str, seed: int = SEED, without: Sequence[str] = ()
    ) -> dict[str, float]:
        """What a submission earns, by question; a test that is left out pays nothing."""
        verdicts = self.verdicts(folder, questions, seed=seed, without=without)
        scored = score([each.plan for each in verdicts], [each.result for each in verdicts])
        return {question.id: question.points for question in scored}

    def lost(
        self, folder: Path, *questions: str, seed: int = SEED, without: Sequence[str] = ()
    ) -> dict[str, list[str]]:
        """The questions that lose points on a submission, with what their failing tests say."""
        losses: dict[str, list[str]] = {}
        for each in self.verdicts(folder, questions, seed=seed, without=without):
            if each.lost > 1e-9:
                said = f"{each.plan.test.split('::')[1]}: {each.summary}"
                losses.setdefault(each.plan.question, []).append(said)
        return losses

    def named(
        self,
        folder: Path,
        *questions: str,
        seed: int = SEED,
        without: Sequence[str] = (),
    ) -> set[str]:
        """The known mistakes that are named to the student, over all tests that fail."""
        found = set()
        run = self.run(folder, seed)
        for each in self.verdicts(folder, questions, seed=seed, without=without):
            if each.result.outcome is Outcome.PASSED or each.student is None:
                continue
            known = run.recognise(each.student, each.plan.question, each.plan.test, connect)
            if known is not None:
                found.add(known.name)
        return found


class Remembering(LocalConnection):
    """The reference, asked the same about every submission: it answers each sequence of questions once."""

    answers: ClassVar[dict[bytes, tuple[Any, bytes]]] = {}

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self.before = hashlib.sha256(f"{plan.folder} {plan.seed}".encode())
        self.passed_over: list[tuple[Any, list[memoryview], Allowance]] = []

    def request(self, message: Any, buffers: list[memoryview], allowance: Allowance) -> tuple[Any, bytearray]:
        """The answer as it was given before to the same questions in the same order, or a new one."""
        self.before.update(msgspec.msgpack.encode(msgspec.structs.replace(message, id=0)))
        for buffer in buffers:
            self.before.update(buffer)
        known = self.before.digest()
        if known not in self.answers:
            for earlier in self.passed_over:  # what this process was spared so far
                super().request(*earlier)
            self.passed_over.clear()
            reply, outgoing = super().request(message, buffers, allowance)
            self.answers[known] = (reply, bytes(outgoing))
        else:
            self.passed_over.append((message, buffers, allowance))
        reply, outgoing = self.answers[known]
        return reply, bytearray(outgoing)


def connect(plan: Plan) -> Any:
    """A worker in this process."""
    return Remembering(plan) if plan.folder.is_relative_to(ROOT) else LocalConnection(plan)


class _Nowhere:
    """The fixture ``artifacts`` of a run that keeps no pictures."""

    def add(self, picture: object) -> None:
        """Forget it."""


@cache
def _load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"_local_{path.parent.name}_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def handout_faults(half: Half) -> list[str]:
    """What the handout lacks: a heading with points and minutes and enough hints for each question."""
    text = (half.folder / "README.md").read_text(encoding="utf-8")
    faults = []
    for name in half.questions:
        known = half.config.questions[name]
        heading = f"## {name} ({half.max_points[name]:g} points, {known.minutes} minutes"
        if heading not in text:
            faults.append(f"no heading '{heading}...'")
            continue
        section = text.split(heading)[1].split("\n## ")[0].split("\n### ")[0].split("\n#### ")[0]
        wanted = 3 if half.max_points[name] >= 8 else 1
        if section.count("<summary>Hint") != wanted:
            faults.append(f"{name} has {section.count('<summary>Hint')} hints, not {wanted}")
        if not known.review:
            faults.append(f"{name} has no review")
    return faults
