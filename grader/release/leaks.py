"""Finds text that must not leave the course's repository in what is handed out to students.

The search knows nothing of how a release is built: it takes passages from the secret places of the course and
looks for each of them in every released file. So it also finds what an author's copy and paste lets through.

A single line proves little (``loss.backward()`` is everybody's), so a passage is three telling lines in a
row, or all of a solution or test that has fewer.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from pathlib import Path

from grader.config import Assignment, Course
from grader.points import is_public
from grader.release.blocks import solution_blocks

PASSAGE = 3  # telling lines
SHORTEST = 40  # characters of a passage: two short lines can be alike by chance

TELLING = 20  # characters that are not filling, of a line
FILLING = re.compile(r"[-=#\s]+")
# Imports are everybody's, and so are a marker, a parameter on its own line, and a name in a list of names.
ANYBODYS = re.compile(r"import |from |@pytest\.|\w+: [\w.\[\], |]+,$|[\"'][\w ]+[\"'],?$")

Passage = tuple[str, ...]


@dataclass(frozen=True)
class Leak:
    """A passage of a released file that also stands in a secret place."""

    file: str
    line: int
    text: str
    origin: str

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}, also stands in {self.origin}: {self.text!r}"


def is_shipped(name: str) -> bool:
    """Whether a file of an assignment's folder says by its name that students get it: bench_public.py."""
    return "_public" in name.split(".")[0]


def telling_lines(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    """The lines that can be recognised, stripped, with their number from 1."""
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if len(FILLING.sub("", text)) >= TELLING and not ANYBODYS.match(text):
            yield number, text


def secret_passages(course: Course) -> dict[Passage, str]:
    """Every passage that students must not get, with the file it stands in.

    These are the solutions between the reference's marks, the known mistakes and the hidden tests, of all
    assignments of the course, whichever are released.
    """
    found: dict[Passage, str] = {}
    for assignment_id in course.assignments():
        assignment = course.assignment(assignment_id)
        for path, lines, shown in _secret_places(course, assignment):
            texts = [text for _, text in telling_lines(lines)]
            size = min(PASSAGE, len(texts))
            for start in range(len(texts) - size + 1):
                passage = tuple(texts[start : start + size])
                if sum(map(len, passage)) >= SHORTEST and not set(passage) <= shown:
                    found.setdefault(passage, path.relative_to(course.root).as_posix())
    return found


def leaks(tree: Mapping[str, bytes], secrets: Mapping[Passage, str]) -> list[Leak]:
    """The secret passages that stand in a released file, whatever kind of text file it is.

    :param tree: relative path -> content.
    :param secrets: what :func:`secret_passages` gave.
    """
    found: list[Leak] = []
    for name in sorted(tree):
        lines = list(telling_lines(_lines(name, tree[name])))
        for start, (number, first) in enumerate(lines):
            for size in range(1, PASSAGE + 1):
                origin = secrets.get(tuple(text for _, text in lines[start : start + size]))
                if origin:
                    found.append(Leak(name, number, first, origin))
                    break
    return found


def _lines(name: str, content: bytes) -> list[str]:
    """A file's lines; of a notebook those of every text in it, whatever cell, output or property it is in."""
    text = content.decode("utf-8", errors="replace")
    if not name.endswith(".ipynb"):
        return text.splitlines()
    lines: list[str] = []
    left = [json.loads(text)]
    while left:
        match left.pop():
            case str() as found:
                lines += found.splitlines()
            case list() as found:
                # A source may be a list of its lines.
                left += reversed(found)
            case dict() as found:
                left += reversed([*found, *found.values()])
    return lines


def _secret_places(course: Course, assignment: Assignment) -> Iterator[tuple[Path, list[str], Set[str]]]:
    """The solutions, tests and mistakes: file, lines, and the lines that the starter shows as well."""
    for path in sorted(assignment.folder.glob("test_*.py")):
        if is_public(path.name):
            continue
        lines = path.read_text(encoding="utf-8").splitlines()
        for node in ast.walk(ast.parse("\n".join(lines))):
            if isinstance(node, ast.FunctionDef):
                first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
                yield path, lines[first - 1 : node.end_lineno], frozenset()
    reference = course.reference(assignment.id)
    if reference is None:
        return
    shown: set[str] = set()
    for name in (*assignment.all_files, *assignment.given):
        path = reference / name
        lines = path.read_text(encoding="utf-8").splitlines()
        blocks = solution_blocks("\n".join(lines), name) if name in assignment.all_files else []
        for block in reversed(blocks):
            yield path, list(block.lines), frozenset()
            del lines[block.begin - 1 : block.end]
        shown.update(text for _, text in telling_lines(lines))
    # A known mistake repeats the signature of what it replaces.
    for path in sorted((reference / "mistakes").glob("*.py")):
        yield path, path.read_text(encoding="utf-8").splitlines(), shown
