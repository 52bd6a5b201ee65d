"""Cuts the solutions out of the reference: what is left is the starter that students fill in.

A solution stands between two marks in ``reference/pN/*.py``::

    # BEGIN SOLUTION p1.backward
    ...
    # END SOLUTION

Inside a function the block becomes ``raise NotImplementedError("p1.backward")``, which the grader knows as
"not started". At module or class level every annotated assignment of the block keeps its name and annotation
and gets the value ``None``. A block without an id is dropped: private helpers, imports that only the solution
needs.

The cut is made on lines, so that comments and layout survive; the syntax tree only checks the result.
"""

from __future__ import annotations

import ast
import difflib
import shutil
from collections.abc import Collection, Iterator
from pathlib import Path

from grader.config import Assignment, Course
from grader.faults import GraderFault
from grader.release.blocks import Block, StarterError, solution_blocks
from grader.release.leaks import telling_lines


def cut(source: str, name: str, questions: Collection[str] | None = None) -> str:
    """The starter's text of a reference file.

    :param questions: the ids that a mark may carry; None allows any.
    :raises StarterError: the marks are unbalanced or unknown, or the result is not a usable starter.
    """
    tree = _parse(source, name)
    blocks = solution_blocks(source, name)
    for block in blocks:
        if questions is not None and block.question is not None and block.question not in questions:
            raise StarterError(name, block.begin, f"the assignment has no question {block.question!r}")
    lines = list(enumerate(source.splitlines(), 1))
    kept: list[tuple[int, str]] = []  # each line with its number in the reference
    position = 0
    for block in blocks:
        kept += lines[position : block.begin - 1]
        position = block.end
        if block.question is not None:
            kept += [(block.begin, line) for line in _placeholder(block, tree, source, name)]
            continue
        # The blank lines on both sides of a dropped block become one run.
        before = len(kept) - len(_without_trailing_blanks(kept))
        while before and position < len(lines) and not lines[position][1].strip():
            position += 1
            before -= 1
    kept = _without_trailing_blanks(kept + lines[position:])
    result = "".join(f"{line}\n" for _, line in kept)
    _validate(tree, blocks, result, [number for number, _ in kept], name)
    return result


def generate(course: Course, assignment: Assignment) -> dict[str, str]:
    """The starter of an assignment: file name to text, given files as they are.

    :raises StarterError: a file of the reference cannot be cut.
    :raises GraderFault: no reference here, or a file that assignment.toml names is missing from it.
    """
    folder = course.reference(assignment.id)
    if folder is None:
        raise GraderFault(
            f"{course.root} has no reference for {assignment.id}; a student release has none to cut"
        )
    texts: dict[str, str] = {}
    for file in (*assignment.all_files, *assignment.given):
        path = folder / file
        name = f"reference/{assignment.id}/{file}"
        if not path.is_file():
            raise GraderFault(f"{name}: assignment.toml names this file, and it is not there")
        text = path.read_text(encoding="utf-8")
        texts[file] = text if file in assignment.given else cut(text, name, assignment.questions)
    return texts


def difference(course: Course, assignment: Assignment) -> str:
    """The unified diff from the starter as it is to what the reference gives; empty when current."""
    folder = course.starter(assignment.id)
    wanted = generate(course, assignment)
    present = {path.name for path in folder.glob("*.py")} if folder.is_dir() else set()
    parts: list[str] = []
    for file in sorted(wanted.keys() | present):
        path = folder / file
        old = path.read_text(encoding="utf-8") if path.is_file() else ""
        name = f"starter/{assignment.id}/{file}"
        new = wanted.get(file, "")
        parts += difflib.unified_diff(old.splitlines(True), new.splitlines(True), name, f"{name} (generated)")
    return "".join(parts)


def write(course: Course, assignment: Assignment) -> list[Path]:
    """Replaces the assignment's starter folder by what the reference gives; the files written."""
    texts = generate(course, assignment)
    folder = course.starter(assignment.id)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    paths = []
    for file, text in texts.items():
        path = folder / file
        path.write_text(text, encoding="utf-8")
        paths.append(path)
    return paths


def _parse(source: str, name: str) -> ast.Module:
    try:
        return ast.parse(source)
    except SyntaxError as error:
        raise StarterError(name, error.lineno or 1, f"not valid Python: {error.msg}") from None


def _without_trailing_blanks(lines: list[tuple[int, str]]) -> list[tuple[int, str]]:
    end = len(lines)
    while end and not lines[end - 1][1].strip():
        end -= 1
    return lines[:end]


def _placeholder(block: Block, tree: ast.Module, source: str, name: str) -> list[str]:
    column = len(block.indent)
    for node in ast.walk(tree):
        # The end mark is no part of the syntax tree, so the place of the begin mark decides.
        if (
            isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            and node.lineno < block.begin <= (node.end_lineno or node.lineno)
            and node.col_offset < column
        ):
            return [f'{block.indent}raise NotImplementedError("{block.question}")']
    answers = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.AnnAssign)
        and block.begin < node.lineno < block.end
        and node.col_offset == column
    ]
    if not answers:
        raise StarterError(name, block.begin, "outside a function a solution needs an annotated assignment")
    return [
        f"{block.indent}{ast.unparse(node.target)}: {_as_written(node.annotation, source)} = None"
        for node in sorted(answers, key=lambda node: node.lineno)
    ]


def _as_written(node: ast.expr, source: str) -> str:
    """The expression with the author's quotes where it fits a line."""
    text = ast.get_source_segment(source, node) or ""
    return text if text and "\n" not in text else ast.unparse(node)


Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def _public(tree: ast.Module | ast.ClassDef, prefix: str = "") -> Iterator[tuple[str, Definition]]:
    """Public functions, classes and methods by dotted name, ``__init__`` and the like included."""
    for node in tree.body:
        if not isinstance(node, Definition) or (node.name.startswith("_") and not node.name.startswith("__")):
            continue
        yield prefix + node.name, node
        if isinstance(node, ast.ClassDef):
            yield from _public(node, f"{prefix}{node.name}.")


def _face(node: Definition) -> tuple[str, str, str, str, list[str]]:
    """What a student sees of a definition: its kind, parameters, return annotation, docstring, decorators."""
    doc = ast.get_docstring(node, clean=False) or ""
    decorators = [ast.unparse(decorator) for decorator in node.decorator_list]
    if isinstance(node, ast.ClassDef):
        return "class", ", ".join(map(ast.unparse, node.bases)), "", doc, decorators
    returns = ast.unparse(node.returns) if node.returns else ""
    return type(node).__name__, ast.unparse(node.args), returns, doc, decorators


def _validate(tree: ast.Module, blocks: list[Block], result: str, origin: list[int], name: str) -> None:
    """Refuses a starter that is no use.

    :param origin: for each line of ``result`` its line in the reference.
    """
    try:
        starter = ast.parse(result)
    except SyntaxError as error:
        line = origin[min(error.lineno or 1, len(origin)) - 1] if origin else 1
        raise StarterError(name, line, f"without its solutions not valid Python: {error.msg}") from None
    left = dict(_public(starter))
    for dotted, node in _public(tree):
        if dotted not in left:
            text = f"the public name {dotted} is inside a solution and would vanish; call it _{node.name}"
            raise StarterError(name, node.lineno, text)
        if _face(node) != _face(left[dotted]):
            text = f"the signature or docstring of {dotted} would change; keep both outside the solution"
            raise StarterError(name, node.lineno, text)
    surviving = {text for _, text in telling_lines(result.splitlines())}
    for block in blocks:
        for offset, text in telling_lines(block.lines):
            if text in surviving:
                said = f"this line of a solution stands outside the solutions too: {text!r}"
                raise StarterError(name, block.begin + offset, said)
