"""``grader build`` and ``grader answers``: what leaves the course, and what comes back to be read."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from grader.commands.console import course, out
from grader.release import answers as collecting
from grader.release.autograder import MINUTES, TORCH_INDEX
from grader.release.gradescope import build_gradescope
from grader.release.otter import build_otter
from grader.release.student import Built, build_student

# Options of several commands.
One = Annotated[str, typer.Argument(help="Which assignment.")]
Out = Annotated[Path, typer.Option("--out", help="Where the folder and the zip go.")]
TorchIndex = Annotated[
    str, typer.Option(help="Package index for torch; empty takes pip's own, with the GPU build.")
]
Minutes = Annotated[float, typer.Option(help="The time limit that is set on the platform.")]
Secret = Annotated[
    Path | None,
    typer.Option(help="File with the course secret; by default the one the environment names."),
]
Part = Annotated[str, typer.Option(help="The part of the assignment that is graded.")]


class Format(StrEnum):
    """How the table of answers is written."""

    CSV = "csv"
    MARKDOWN = "markdown"


def student(
    assignments: Annotated[
        list[str] | None, typer.Argument(help="Which assignments; all by default.")
    ] = None,
    out_dir: Out = Path("dist"),
) -> None:
    """Build what students get: handouts, stubs, public tests, the engine; no reference, no hidden test."""
    _report(build_student(course(), assignments or [], out_dir))


def gradescope(
    assignment: One,
    out_dir: Out = Path("dist"),
    torch_index: TorchIndex = TORCH_INDEX,
    minutes: Minutes = MINUTES,
    secret: Secret = None,
    part: Part = "",
) -> None:
    """Build the autograder zip of an assignment for Gradescope. It holds the reference: never hand it out."""
    _report(
        build_gradescope(
            course(), assignment, out_dir, torch_index=torch_index, minutes=minutes, secret=secret, part=part
        )
    )


def otter(
    assignment: One,
    out_dir: Out = Path("dist"),
    notebook: Annotated[bool, typer.Option(help="Students hand in a notebook, not modules.")] = False,
    torch_index: TorchIndex = TORCH_INDEX,
    minutes: Minutes = MINUTES,
    secret: Secret = None,
    part: Part = "",
) -> None:
    """Build the autograder zip of an assignment for Otter. It holds the reference: never hand it out."""
    _report(
        build_otter(
            course(),
            assignment,
            out_dir,
            notebook=notebook,
            torch_index=torch_index,
            minutes=minutes,
            secret=secret,
            part=part,
        )
    )


def answers(
    folder: Annotated[Path, typer.Argument(help="A class's submissions, a folder each, or a single one.")],
    format_: Annotated[Format, typer.Option("--format", help="How the table is written.")] = Format.CSV,
    to: Annotated[Path | None, typer.Option("--to", help="File to write; by default it is printed.")] = None,
) -> None:
    """Collect the free-text answers of submissions into one table for manual grading."""
    rows = collecting.collect(course(), folder)
    text = collecting.to_csv(rows) if format_ is Format.CSV else collecting.to_markdown(rows)
    if to is None:
        typer.echo(text, nl=False)
        return
    to.write_text(text, encoding="utf-8", newline="")
    over = sum(row.over_limit for row in rows)
    out.print(f"{to}: {len(rows)} answers, {over} over the limit of {collecting.WORD_LIMIT} words")


def _report(built: Built) -> None:
    size = built.archive.stat().st_size
    out.print(f"{built.archive}: {size / 1024:.0f} KiB\n{built.folder}: the same, unpacked")
