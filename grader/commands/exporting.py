"""``grader export``: the grades of a gradebook as a CSV file, for a platform or with everything."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import typer

from grader.commands.console import EXIT_INCOMPLETE, fail, out
from grader.gradebook import exports, roster
from grader.gradebook.model import Run
from grader.gradebook.standings import standings
from grader.gradebook.store import Gradebook
from grader.results import files
from grader.text import one_line


def export(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of the gradebook.")],
    platform: Annotated[
        Literal["gradescope", "canvas", "moodle", "csv"],
        typer.Option("--as", help="The platform, or csv for everything."),
    ],
    assignments: Annotated[
        list[str] | None,
        typer.Option("--assignment", "-a", help="Which ones; all of the run by default.", show_default=False),
    ] = None,
    roster_path: Annotated[
        Path | None, typer.Option("--roster", help="CSV of the class: who is who. See docs/batch.md.")
    ] = None,
    to: Annotated[
        Path | None, typer.Option(help="The file; by default DIR/PLATFORM.csv.", show_default=False)
    ] = None,
    columns: Annotated[
        list[str] | None,
        typer.Option(
            "--column",
            metavar="ID=TITLE",
            help='Title of a column, such as p1="Homework 1 (12345)" for an assignment of Canvas.',
            show_default=False,
        ),
    ] = None,
    absent: Annotated[
        float | None,
        typer.Option(
            min=0, help="Points of whoever is on the roster and handed in nothing, instead of none."
        ),
    ] = None,
    run_number: Annotated[
        int | None, typer.Option("--run", help="Which run; the last by default.", show_default=False)
    ] = None,
) -> None:
    """Write the grades as a CSV file that nobody else on this machine can read.

    Status: 0 every grade is there; 2 asked something impossible; 3 a grade must not be used and is left
    empty.
    """
    known = roster.read(roster_path) if roster_path is not None else None
    with Gradebook(folder) as book:
        run = book.run(run_number)
        found = standings(book, run)
        graded = list(
            dict.fromkeys(each.assignment for each in sorted(found, key=lambda each: each.assignment))
        )
        chosen = _chosen(graded, assignments or [], run)
        exported = exports.export(
            platform,
            run,
            found,
            book.submissions(),
            chosen,
            roster=known,
            columns=_columns(columns or [], chosen),
            absent=absent,
        )
    path = to if to is not None else folder / f"{platform}.csv"
    if path.is_dir():
        raise fail(f"{one_line(str(path))} is a folder: name the file with --to")
    try:
        files.replace(path, exported.text.encode(), private=True)
    except OSError as error:
        raise fail(f"{one_line(str(path))} cannot be written: {error.strerror or error}") from None
    for line in exported.remarks:
        out.print(line)
    out.print(f"{one_line(str(path))}: {', '.join(chosen)} of run {run.id}")
    if exported.unusable:
        raise typer.Exit(EXIT_INCOMPLETE)


def _chosen(graded: Sequence[str], named: Sequence[str], run: Run) -> list[str]:
    """
    :raises typer.Exit: one was not graded in this run.
    """
    for name in named:
        if name not in graded:
            raise fail(
                f"{one_line(name)} was not graded in run {run.id}; it has: {', '.join(graded) or 'none'}"
            )
    if not graded:
        raise fail(f"nothing was graded in run {run.id}")
    return list(dict.fromkeys(named)) or list(graded)


def _columns(said: Sequence[str], chosen: Sequence[str]) -> dict[str, str]:
    """
    :raises typer.Exit: one is of no assignment that is written.
    """
    columns = {}
    for each in said:
        name, equals, title = each.partition("=")
        if not equals or name not in chosen:
            raise fail(
                f"--column is ID=TITLE, with the id of an assignment that is written ({', '.join(chosen)}), "
                f"not {one_line(each)!r}"
            )
        columns[name] = title
    return columns
