"""Reads the tests of the assignments for habits that would make a verdict wrong: what a syntax tree can show.

- ``bare-assert``: pytest's rewriting of an assert prints both sides, a hidden test's expected values among
  them.
- ``bare-comparison``: ``==`` on an answer. An array in it raises ("truth value is ambiguous"), which would
  count as the grader's error and be the student's choice; ``True == 1.0`` passes; a right answer with other
  rounding fails. What the judge makes of an answer first is its own value and may be compared: ``len(got)``,
  ``float(got["y"])``, ``got.shape``. So may a field be with a string that is written out, to choose what to
  ask next (``got.step_on == "batch"``), and arrays be element by element as an argument of a NumPy function
  (``np.mean(predicted == labels)``).
- ``written-mark``: a gate is judged by its calibrated mark alone: a test that has one does nothing with it
  but ``gate("p5.accuracy").judge(student)``, and compares no figure with a number of its own; nor does one
  that has a race.
- ``torch-import``: the judge works in NumPy; torch would be 150 MB and a second of start-up in it.
- ``no-docstring``: a test's docstring is its title for the student.
- ``not-graded``: a test that no question owns gives no points and appears in no table.
- ``skip``: a skip in a graded test would be a grader error for every student.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

JUDGE_SIDE = ("test_*.py", "measure.py", "measure_gpu.py", "signatures.py")

JUDGED = frozenset({"gate", "race"})  # the fixtures

_SUBJECTS = frozenset({"student", "reference", "subject"})
_STRUCTURE = frozenset({"shape", "dtype", "ndim", "size", "name"})  # plain facts about an array or a record
_VIEWS = frozenset({"items", "values"})  # methods through which a loop gets at parts of an answer
_SKIPS = frozenset({"skip", "skipif", "xfail", "importorskip"})
_TORCH_SIDE = ("torch", "grader.worker")


@dataclass(frozen=True)
class Complaint:
    """One finding.

    :param line: from 1.
    """

    path: Path
    line: int
    rule: str
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.rule}: {self.text}"


def lint_assignments(assignments: Path) -> list[Complaint]:
    """Complaints about every judge-side file of every assignment in this folder."""
    paths = {path for pattern in JUDGE_SIDE for path in assignments.glob(f"*/{pattern}")}
    return [complaint for path in sorted(paths) for complaint in lint_file(path)]


def lint_file(path: Path) -> list[Complaint]:
    """Complaints about one file, by line."""
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except SyntaxError as error:
        return [Complaint(path, error.lineno or 1, "syntax", error.msg)]
    findings = [*_imports(tree), *_skips(tree)]
    if path.name.startswith("test_"):
        findings += [*_asserts(tree), *_tests(tree), *_comparisons(tree), *_marks(tree)]
    return sorted({Complaint(path, line, rule, text) for line, rule, text in findings}, key=_place)


Finding = tuple[int, str, str]


def _place(complaint: Complaint) -> tuple[int, str]:
    return complaint.line, complaint.rule


def _imports(tree: ast.Module) -> Iterator[Finding]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [(node.lineno, f"{node.module}.{alias.name}") for alias in node.names]
        elif isinstance(node, ast.Call) and _last_name(node.func) in ("import_module", "__import__"):
            said = [argument.value for argument in node.args if isinstance(argument, ast.Constant)]
            names = [(node.lineno, str(name)) for name in said[:1]]
        else:
            continue
        for line, name in names:
            if any(name == side or name.startswith(f"{side}.") for side in _TORCH_SIDE):
                yield line, "torch-import", f"{name} belongs to the worker: use a bench function"


def _skips(tree: ast.Module) -> Iterator[Finding]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in _SKIPS and _root(node) == "pytest":
            yield node.lineno, "skip", f"{node.attr} in a graded test is a grader error"


def _asserts(tree: ast.Module) -> Iterator[Finding]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Assert):
            yield node.lineno, "bare-assert", "use check, assert_close or assert_same"


def _tests(tree: ast.Module) -> Iterator[Finding]:
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    for node in functions:
        if not node.name.startswith("test"):
            continue
        if not ast.get_docstring(node):
            yield node.lineno, "no-docstring", f"{node.name} has no title for the student"
        marks = (mark.func for mark in node.decorator_list if isinstance(mark, ast.Call))
        if not any(_last_name(mark) == "graded" for mark in marks):
            yield node.lineno, "not-graded", f"{node.name} grades no question"


def _marks(tree: ast.Module) -> Iterator[Finding]:
    for test in ast.walk(tree):
        if not isinstance(test, ast.FunctionDef):
            continue
        held = JUDGED & {each.arg for each in test.args.args}
        if not held:
            continue
        judged = [
            node.func.value.func
            for node in ast.walk(test)
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "judge"
            and isinstance(node.func.value, ast.Call)
        ]
        for node in ast.walk(test):
            if isinstance(node, ast.Name) and node.id in held and node not in judged:
                yield node.lineno, "written-mark", f"a {node.id} only judges: {node.id}(id).judge(student)"
            elif isinstance(node, ast.Compare):
                yield node.lineno, "written-mark", f"`{ast.unparse(node)}`: the mark stands in gates.toml"


def _comparisons(tree: ast.Module) -> Iterator[Finding]:
    """Names are followed inside one function at a time: what a helper is handed is its own business."""
    for scope in ast.walk(tree):
        if isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            answers = _answers(scope)
            elementwise = {id(argument) for node in ast.walk(scope) for argument in _numpy_arguments(node)}
            for node in ast.walk(scope):
                if isinstance(node, ast.Compare) and id(node) not in elementwise:
                    yield from _compared(node, answers)


def _numpy_arguments(node: ast.AST) -> list[ast.expr]:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and _root(node.func) == "np":
        return node.args
    return []


def _compared(node: ast.Compare, answers: frozenset[str]) -> Iterator[Finding]:
    sides = [node.left, *node.comparators]
    for left, operator, right in zip(sides, node.ops, node.comparators, strict=False):
        if not isinstance(operator, ast.Eq | ast.NotEq):
            continue
        if any(isinstance(side, ast.Constant) and isinstance(side.value, str) for side in (left, right)):
            continue
        if any(_is_answer(side, answers) for side in (left, right)):
            text = f"`{ast.unparse(node)}` compares an answer: use assert_close or assert_same"
            yield node.lineno, "bare-comparison", text


def _answers(scope: ast.AST) -> frozenset[str]:
    """Names bound, anywhere in a function, to what a subject gave or to a part of it."""
    answers: frozenset[str] = frozenset()
    while True:
        found = set(answers)
        for node in ast.walk(scope):
            if isinstance(node, ast.Assign):
                found |= _bound(node.targets, node.value, answers)
            elif isinstance(node, ast.AnnAssign | ast.NamedExpr) and node.value is not None:
                found |= _bound([node.target], node.value, answers)
            elif isinstance(node, ast.For | ast.comprehension):
                found |= _bound([node.target], _looped(node.iter), answers)
        if found == answers:
            return answers
        answers = frozenset(found)


def _bound(targets: list[ast.expr], value: ast.expr, answers: frozenset[str]) -> set[str]:
    if not _is_answer(value, answers):
        return set()
    nodes = (node for target in targets for node in ast.walk(target))
    return {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}


def _looped(node: ast.expr) -> ast.expr:
    """What a loop runs over: ``got`` in ``got.items()``."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _VIEWS:
        return node.func.value
    return node


def _is_answer(node: ast.expr, answers: frozenset[str]) -> bool:
    """Whether an expression is what a subject gave, or a part of it, with nothing made of it yet."""
    if isinstance(node, ast.Name):
        return node.id in answers
    if isinstance(node, ast.Subscript | ast.NamedExpr):
        return _is_answer(node.value, answers)
    if isinstance(node, ast.Attribute):
        if node.attr in _STRUCTURE:
            return False
        module = node.value
        asked = isinstance(module, ast.Attribute) and isinstance(module.value, ast.Name)
        return (asked and _root(module) in _SUBJECTS) or _is_answer(module, answers)
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Attribute) and _root(node.func) in _SUBJECTS
    return False


def _root(node: ast.expr) -> str | None:
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None


def _last_name(node: ast.expr) -> str | None:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else None
