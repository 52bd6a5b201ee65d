"""Runs the public tests on a notebook in a process of their own, and shows what came out as a table.

The table is HTML where a notebook displays it, and plain text elsewhere. Its text may be a student's: all of
it is escaped, and nothing is read as markup.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from grader.config import Assignment, Course
from grader.faults import Outcome
from grader.points import is_public
from grader.results import json_file, pages
from grader.results.model import QuestionResult, Result, TestResult
from grader.text import plain

LOG_CHARACTERS = 3_000  # of pytest's output, where a run left no result
WIDTH = 100


@dataclass(frozen=True)
class Row:
    """A public test.

    :param words: what went wrong, a paragraph each; empty where nothing did.
    """

    title: str
    points: float
    max_points: float
    passed: bool
    words: tuple[str, ...]

    @property
    def earned(self) -> str:
        """Its points; some public tests have none to give."""
        if self.max_points:
            return f"{self.points:g} / {self.max_points:g}"
        return "right" if self.passed else "-"


@dataclass(frozen=True)
class Block:
    """A question with its public tests."""

    id: str
    title: str
    rows: tuple[Row, ...]
    review: str

    @property
    def points(self) -> float:
        return sum(row.points for row in self.rows)

    @property
    def max_points(self) -> float:
        return sum(row.max_points for row in self.rows)


@dataclass(frozen=True)
class Checked:
    """What the public tests said; displays itself.

    :param heading: what was checked.
    :param warnings: what is to be known before the points are believed, a sentence each.
    :param error: why nothing could be checked; empty if it could.
    """

    heading: str
    blocks: tuple[Block, ...] = ()
    warnings: tuple[str, ...] = ()
    error: str = ""

    @property
    def points(self) -> float:
        """Of the public tests."""
        return sum(block.points for block in self.blocks)

    @property
    def max_points(self) -> float:
        """Of the public tests."""
        return sum(block.max_points for block in self.blocks)

    def _repr_html_(self) -> str:
        return pages.render("check.html.j2", checked=self)

    def __repr__(self) -> str:
        page = io.StringIO()
        console = Console(
            file=page,
            width=WIDTH,
            force_terminal=False,
            force_jupyter=False,  # it would display instead of writing to the page
            color_system=None,
            markup=False,
            highlight=False,
            emoji=False,
        )
        console.print(Text(self.heading))
        for warning in self.warnings:
            console.print(Text(f"! {warning}"))
        if self.error:
            console.print(Text(self.error))
        for block in self.blocks:
            table = Table(box=box.SIMPLE_HEAD, title=Text(f"{block.id} {block.title}"), title_justify="left")
            table.add_column("Public test", ratio=3, overflow="fold")
            table.add_column("Points", justify="right", no_wrap=True)
            table.add_column("What went wrong", ratio=5, overflow="fold")
            for row in block.rows:
                table.add_row(Text(row.title), Text(row.earned), Text("\n".join(row.words)))
            console.print(table)
            if block.review:
                console.print(Text(f"Review: {block.review}"))
        if len(self.blocks) > 1:
            console.print(Text(f"Public tests: {self.points:g} / {self.max_points:g}"))
        return "\n".join(line.rstrip() for line in page.getvalue().splitlines())


def refused(why: str) -> Checked:
    """Nothing could be checked."""
    return Checked("Not checked", error=plain(why))


def run_public_tests(
    course: Course, assignment: Assignment, notebook: Path, question: str, warnings: Sequence[str]
) -> Checked:
    """Run the public tests of a question, or of all, on a notebook.

    :param warnings: shown above the points.
    """
    saved = time.strftime("%H:%M:%S", time.localtime(notebook.stat().st_mtime))
    heading = f"{question or assignment.id}: {notebook.name} as it was saved at {saved}"
    with tempfile.TemporaryDirectory(prefix="grader-") as scratch:
        results = Path(scratch, "result.json")
        command = _command(course, assignment, notebook, question, results)
        environment = {name: value for name, value in os.environ.items() if name != "MPLBACKEND"}
        done = subprocess.run(
            command,
            cwd=course.root,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        try:
            result = json_file.parse(results.read_bytes())
        except (OSError, msgspec.DecodeError):
            said = plain(done.stdout.decode(errors="replace")[-LOG_CHARACTERS:])
            return Checked(heading, error=f"the tests could not be run (status {done.returncode}):\n{said}")
    return Checked(heading, _blocks(result, question), (*warnings, *result.problems))


def _command(
    course: Course, assignment: Assignment, notebook: Path, question: str, results: Path
) -> list[str]:
    tests = sorted(str(path) for path in assignment.folder.glob("test_*.py") if is_public(path.name))
    command = [sys.executable, "-m", "pytest", *tests, "--rootdir", str(course.root)]
    command += ["-p", "no:cacheprovider", "-q", f"--submission={notebook}", f"--results={results}"]
    return [*command, "-k", question] if question else command


def _blocks(result: Result, question: str) -> tuple[Block, ...]:
    """Questions with their public tests; a question that has none is told apart by having no row."""
    return tuple(
        Block(each.id, each.title, _rows(each), _review(each))
        for each in result.questions
        if question in ("", each.id)
    )


def _rows(question: QuestionResult) -> tuple[Row, ...]:
    public = [test for test in question.tests if is_public(test.name) and test.device == "cpu"]
    return tuple(
        Row(test.title, test.points, test.max_points, test.outcome is Outcome.PASSED, _words(test))
        for test in public
    )


def _words(test: TestResult) -> tuple[str, ...]:
    words = [test.message, test.detail if test.detail not in test.message else ""]
    if test.mistake:
        words.append(f"{test.mistake.name}: {' '.join(test.mistake.message.split())}")
    words.append(test.note)
    if test.output and test.outcome is not Outcome.PASSED:
        words.append(f"Your code printed:\n{test.output}")
    return tuple(word for word in words if word)


def _review(question: QuestionResult) -> str:
    lost = any(row.points < row.max_points for row in _rows(question))
    return question.review if lost else ""
