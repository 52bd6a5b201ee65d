"""Writes the result as a table for a terminal or a log: question, points, what went wrong, what to review."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from grader.faults import Outcome
from grader.results import gallery
from grader.results.model import QuestionResult, Result
from grader.seeds import PUBLIC_DEFAULT

WIDTH = 110  # of a log
PUBLIC_ONLY = "Public tests only: hidden tests bring the other {points} points, and are graded on upload."

COLOURS = {
    Outcome.PASSED: "green",
    Outcome.FAILED: "red",
    Outcome.SUBMISSION_ERROR: "red",
    Outcome.TIMED_OUT: "red",
    Outcome.GRADER_ERROR: "bold magenta",
    Outcome.NOT_STARTED: "yellow",
    Outcome.NOT_RUN: "yellow",
}


def show(result: Result, stream: TextIO, unwritten: Mapping[Path, str] | None = None) -> None:
    """Write to ``stream`` in colours and at its width if it is a terminal; no escape codes otherwise."""
    tty = stream.isatty()
    encoding = stream.encoding or "ascii"
    width = Console(file=stream).width if tty else WIDTH
    unicode = encoding.lower().replace("-", "").startswith("utf")
    text = render(result, width=width, colour=tty, unicode=unicode, unwritten=unwritten)
    stream.write(text.encode(encoding, "replace").decode(encoding))


def render(
    result: Result,
    *,
    width: int = WIDTH,
    colour: bool = False,
    unicode: bool = True,
    unwritten: Mapping[Path, str] | None = None,
) -> str:
    """The table and the lines under it.

    :param unicode: False draws the lines in ASCII, for streams that can show nothing else.
    :param unwritten: results files that are not current, with the reason.
    """
    page = io.StringIO()
    console = Console(
        file=page,
        width=width,
        force_terminal=colour,
        color_system="standard" if colour else None,
        no_color=not colour,
        legacy_windows=False,
        # Titles are ours, the rest may be a student's: nothing is to be read as markup.
        markup=False,
        highlight=False,
        emoji=False,
    )
    console.print(_table(result, box.SIMPLE_HEAD if unicode else box.ASCII2))
    for line, style in _lines(result, unwritten or {}):
        console.print(Text(line, style))
    # A log has no use for the blanks that fill a cell.
    return "\n".join(line.rstrip() for line in page.getvalue().splitlines()) + "\n"


def _table(result: Result, frame: box.Box) -> Table:
    table = Table(box=frame, title=Text(result.heading), title_justify="left", expand=False)
    table.add_column("Question", ratio=3, overflow="fold")
    table.add_column("Points", justify="right", no_wrap=True)
    table.add_column("What went wrong", ratio=5, overflow="fold")
    table.add_column("Review", ratio=4, overflow="fold")
    for question in result.questions:
        table.add_row(
            Text(f"{question.id} {question.title}"),
            Text(_points(question), COLOURS[question.outcome]),
            Text(_wrong(question)),
            Text(question.review),
        )
    table.add_section()
    table.add_row(Text("Total"), Text(f"{result.score:g} / {result.max_score:g}"), Text(""), Text(""))
    return table


def _points(question: QuestionResult) -> str:
    bonus = f" + {question.bonus:g}" if question.bonus else ""
    return f"{question.points:g} / {question.max_points:g}{bonus}"


def _wrong(question: QuestionResult) -> str:
    if question.mistake:
        advice = " ".join(question.mistake.message.split())
        return f"{question.message}\n{question.mistake.name}: {advice}"
    return question.message


def _lines(result: Result, unwritten: Mapping[Path, str]) -> list[tuple[str, str]]:
    """What stands under the table, with its style."""
    lines = [(problem, "yellow") for problem in result.problems]
    if result.hidden_points:
        lines.append((PUBLIC_ONLY.format(points=f"{result.hidden_points:g}"), ""))
    notes = [(q.id, test.note) for q in result.questions for test in q.tests if test.note]
    lines += [(f"{question}: {note}", "") for question, note in dict.fromkeys(notes)]
    if result.artifacts:
        drawn = gallery.count(result)
        at = f" {Path(result.artifacts, gallery.FILE_NAME)}" if drawn else " none"
        lines.append((f"Pictures:{at}", ""))
    if result.bonus:
        lines.append((f"Bonus from GPU tests: {result.bonus:g}", "green"))
    bonus = [test for q in result.questions for test in q.tests if test.device == "cuda"]
    skipped = [test for test in bonus if test.outcome is Outcome.NOT_RUN]
    if skipped and result.device != "cuda":
        lines.append((f"GPU tests not run: {len(skipped)}; they are a bonus and need --device cuda", ""))
    elif skipped:
        said = dict.fromkeys(test.message.partition(": ")[2] for test in skipped)
        why = "; ".join(each for each in said if each)
        lines.append((f"GPU tests not run: {len(skipped)}{why and f'; {why}'}", "yellow"))
    if len(bonus) > len(skipped) and result.device != "cuda":
        lines.append((f"GPU tests rehearsed: {len(bonus) - len(skipped)}; no points without a GPU", ""))
    if result.state == "stopped":
        lines.append(("Stopped before the end.", "bold red"))
    if not result.complete:
        lines.append((f"Not complete: {_missing(result)}", "bold red"))
    if result.isolation:
        layers = f" ({', '.join(result.layers)})" if result.layers else ""
        lines.append((f"Isolation: {result.isolation}{layers}", ""))
    if result.seed_source == PUBLIC_DEFAULT:
        lines.append(("Seed: public default, which anybody can predict; a course sets a secret", "yellow"))
    elif result.seed_source:
        lines.append((f"Seed: {result.seed_source}", ""))
    lines += [
        (f"Results file {path} is not up to date: {why}", "bold red") for path, why in unwritten.items()
    ]
    return lines


def _missing(result: Result) -> str:
    """Why a result is not complete, in a line."""
    tests = [test for question in result.questions for test in question.tests]
    unjudged = sum(test.outcome is Outcome.GRADER_ERROR for test in tests)
    skipped = sum(test.outcome is Outcome.NOT_RUN and test.device == "cpu" for test in tests)
    parts = []
    if unjudged:
        parts.append(f"{unjudged} of {len(tests)} tests could not be judged (an error of the grader)")
    if skipped:
        parts.append(f"{skipped} of {len(tests)} tests were not run")
    return "; ".join(parts) or "not every test was judged"
