"""Runs p1's own tests against code in this process, for the tests of p1's content.

The verdicts are those of a real run, without the worker processes, so that each of some eighty submissions
costs a second. What the border adds (types, time, the dead autograd engine) is tested with the engine.
"""

from __future__ import annotations

import ast
import copy
import importlib.util
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import torch

from grader.faults import Mismatch, Outcome, Raised, SubmissionFault
from grader.points import PlannedTest
from grader.scoring import CaseResult, score
from grader.values import Record
from grader.worker.codec import RecordFields
from grader.worker.plain import to_plain

ROOT = Path(__file__).parents[1]
ASSIGNMENT = ROOT / "assignments" / "p1"
REFERENCE = ROOT / "reference" / "p1"
MODULES = ("given", "gradient_flow", "optimizer_choice")
SEED = 20

POINTS = {
    "p1.forward": 6,
    "p1.backward": 14,
    "p1.zero_cause": 10,
    "p1.dead_units": 6,
    "p1.remedies": 10,
    "p1.batch": 18,
    "p1.warmup": 6,
    "p1.choose": 12,
    "p1.build": 12,
    "p1.reasons": 6,
}


def constants(text: str) -> Iterator[tuple[str, Any]]:
    """QUESTIONS and MODULE of a known mistake or a rewrite."""
    for node in ast.parse(text).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
            if name in ("QUESTIONS", "MODULE"):
                yield name, ast.literal_eval(node.value)


# ---- A subject in this process


def received(value: Any) -> Any:
    """What a worker makes of an argument: a copy, with tensors for arrays."""
    if isinstance(value, np.ndarray):
        return torch.from_numpy(value.copy())
    if isinstance(value, dict):
        return {key: received(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(received(entry) for entry in value)
    return copy.deepcopy(value)


def sent(value: Any) -> Any:
    """What the judge gets of an answer."""
    if isinstance(value, RecordFields):
        return Record(value.name, {key: sent(entry) for key, entry in value.fields.items()})
    if isinstance(value, dict):
        return {key: sent(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(sent(entry) for entry in value)
    return value.copy() if isinstance(value, np.ndarray) else value


def asked(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function as a subject offers it: values cross as over the wire, exceptions become outcomes."""

    def call(**arguments: Any) -> Any:
        try:
            return sent(to_plain(function(**received(arguments))))
        except Exception as error:
            types = tuple(kind.__name__ for kind in type(error).__mro__)
            raise Raised(f"raised {types[0]}", str(error), types=types) from error

    return call


class Local:
    """A submission made of the reference and some text appended to its modules."""

    def __init__(self, **appended: str) -> None:
        texts = {name: (REFERENCE / f"{name}.py").read_text(encoding="utf-8") for name in MODULES}
        texts |= {name: f"{texts[name]}\n\n{text}" for name, text in appended.items()}
        benches = {path.stem: path.read_text(encoding="utf-8") for path in ASSIGNMENT.glob("bench*.py")}
        texts |= dict(sorted(benches.items()))
        known = {name: sys.modules.pop(name, None) for name in texts}
        try:
            self._modules = {name: self._load(name, text) for name, text in texts.items()}
        finally:
            for name, module in known.items():
                sys.modules.pop(name, None)
                if module is not None:
                    sys.modules[name] = module

    @staticmethod
    def _load(name: str, text: str) -> ModuleType:
        module = ModuleType(name)
        sys.modules[name] = module
        exec(compile(text, f"<{name}>", "exec"), module.__dict__)
        return module

    def __getattr__(self, name: str) -> Any:
        module = self.__dict__["_modules"][name]
        public = {key: value for key, value in vars(module).items() if not key.startswith("_")}
        return SimpleNamespace(**{key: asked(v) if callable(v) else v for key, v in public.items()})

    def run(self, function: str, **arguments: Any) -> Any:
        owner = next(module for module in self._modules.values() if function in vars(module))
        return asked(getattr(owner, function))(**arguments)


class BenchNames:
    """Stands in for the bench fixture: a bench function is known by its name."""

    def __getattr__(self, name: str) -> str:
        return name


# ---- The assignment's tests, run against it


def load_test_file(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"_p1_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@cache
def graded_tests() -> list[tuple[PlannedTest, Callable[..., None]]]:
    found = []
    for path in sorted(ASSIGNMENT.glob("test_*.py")):
        for name, function in vars(load_test_file(path)).items():
            for mark in getattr(function, "pytestmark", ()):
                fields = {key: mark.kwargs[key] for key in ("question", "points", "rung")}
                title = (function.__doc__ or "").strip().splitlines()[0]
                found.append((PlannedTest(test=f"{path.name}::{name}", title=title, **fields), function))
    return found


@cache
def reference() -> Local:
    return Local()


def judged(plan: PlannedTest, function: Callable[..., None], student: Local, seed: int) -> CaseResult:
    fixtures = {
        "student": student,
        "reference": reference(),
        "bench": BenchNames(),
        "rng": np.random.default_rng([seed, *plan.test.encode()]),
    }
    names = function.__code__.co_varnames[: function.__code__.co_argcount]
    outcome, share, agreed = Outcome.PASSED, 1.0, 1
    try:
        function(**{name: fixtures[name] for name in names})
    except Mismatch as wrong:
        outcome, share, agreed = Outcome.FAILED, wrong.share, wrong.agreed
    except SubmissionFault as fault:
        outcome, share, agreed = fault.outcome, 0.0, 0
    return CaseResult(plan.question, plan.test, plan.test, outcome, share=share, agreed=agreed)


def points(student: Local, *questions: str, seed: int = SEED) -> dict[str, float]:
    """What a submission earns, for these questions or for all."""
    tests = [(plan, test) for plan, test in graded_tests() if not questions or plan.question in questions]
    results = [judged(plan, test, student, seed) for plan, test in tests]
    return {question.id: question.points for question in score([plan for plan, _ in tests], results)}


def lost(student: Local, *questions: str, seed: int = SEED) -> set[str]:
    """The questions, among these or all, that earn less than everything."""
    earned = points(student, *questions, seed=seed)
    return {question for question, number in earned.items() if number < POINTS[question]}
