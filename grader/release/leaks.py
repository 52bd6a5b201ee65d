"""Finds text that must not leave the course's repository in what is handed out to students.

The search knows nothing of how a release is built: it takes the secret lines from the course and looks for
each of them in every released file. So it also finds what an author's copy and paste lets through.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from grader.config import Course
from grader.release.blocks import solution_blocks

MEASURE = "measure.py"  # goes with the public tests where one of them uses a gate

# Shorter lines ("return total", "for case in cases:") say nothing about where they come from.
TELLING = 20
NOISE = re.compile(r"[-=#\s]+")
ANYBODYS = ("import ", "from ", "@pytest.")


def is_shipped(name: str) -> bool:
    """Whether a file of an assignment's folder says by its name that students get it: bench_public.py."""
    return "_public" in name.split(".")[0]


@dataclass(frozen=True)
class Leak:
    """A line of a released file that also stands in a secret place."""

    file: str
    line: int
    text: str
    origin: str

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}, also stands in {self.origin}: {self.text!r}"


def telling_lines(lines: Iterable[str]) -> Iterator[str]:
    """The lines, stripped, that are long enough to be recognised and are not anybody's, such as imports."""
    for line in lines:
        text = line.strip()
        if len(NOISE.sub("", text)) >= TELLING and not text.startswith(ANYBODYS):
            yield text


def secret_lines(course: Course) -> dict[str, str]:
    """Every telling line that students must not get, with the file it stands in.

    These are the solutions between the reference's marks, the known mistakes, the hidden tests and their
    benches, of all assignments of the course, whichever are released.
    """
    found: dict[str, str] = {}

    def add(path: Path, lines: Iterable[str]) -> None:
        for text in telling_lines(lines):
            found.setdefault(text, path.relative_to(course.root).as_posix())

    for assignment_id in course.assignments():
        assignment = course.assignment(assignment_id)
        for path in sorted(assignment.folder.rglob("*.py")):
            if not is_shipped(path.name) and path.name != MEASURE:
                add(path, path.read_text(encoding="utf-8").splitlines())
        reference = course.reference(assignment_id)
        for path in sorted(reference.rglob("*.py")) if reference else ():
            text = path.read_text(encoding="utf-8")
            relative = path.relative_to(reference).as_posix() if reference else ""
            if relative in assignment.files:
                for block in solution_blocks(text, relative):
                    add(path, block.lines)
            elif relative not in assignment.given:
                add(path, text.splitlines())
    return found


def leaks(tree: Mapping[str, bytes], secrets: Mapping[str, str]) -> list[Leak]:
    """The secret lines that stand in a released file, whatever kind of text file it is.

    :param tree: relative path -> content.
    :param secrets: what :func:`secret_lines` gave.
    """
    found: list[Leak] = []
    for name in sorted(tree):
        text = tree[name].decode("utf-8", errors="replace")
        for number, line in enumerate(text.splitlines(), 1):
            origin = secrets.get(line.strip())
            if origin:
                found.append(Leak(name, number, line.strip(), origin))
    return found
