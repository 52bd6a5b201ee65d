"""``grader diff``: who gets other points between two gradings of the same submissions, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich import box
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from grader.commands.console import fail, show
from grader.comparison import compare
from grader.gradebook import history
from grader.gradebook.store import Gradebook
from grader.results import batch, changes, diff_page, diff_words, files
from grader.results.changes import AssignmentComparison, Change, Comparison, Reason
from grader.text import count

EXIT_CHANGES = 1  # as of diff

Before = Annotated[
    Path,
    typer.Argument(help="Results before, from `grader grade --many --results`, or a gradebook's folder."),
]
After = Annotated[Path | None, typer.Argument(help="Results after.", show_default=False)]


def diff(
    before: Before,
    after: After = None,
    runs: Annotated[
        tuple[int, int] | None, typer.Option(help="Of a gradebook: these two, not the last two.")
    ] = None,
    names: Annotated[bool, typer.Option("--names", help="Of a gradebook: show students' names.")] = False,
    json_path: Annotated[Path | None, typer.Option("--json", help="Write the changes as JSON.")] = None,
    html_path: Annotated[
        Path | None, typer.Option("--html", help="Write them as a page of one file.")
    ] = None,
) -> None:
    """Compare two gradings of the same submissions: who gets other points, and why.

    Status: 0 nothing changes for anybody; 1 something changes; 2 a file cannot be read or written.
    """
    if before.is_dir():
        if after is not None:
            raise fail("a gradebook stands alone; which of its runs are compared is said by --runs")
        _tell(_in_gradebook(before, runs, names), json_path, html_path)
    if after is None:
        raise fail("name the results after, or a gradebook's folder alone")
    if runs or names:
        raise fail("--runs and --names are for a gradebook")
    written = [path for path in (json_path, html_path) if path is not None]
    places = [path.resolve() for path in (before, after, *written)]
    if any(places.count(place) > 1 for place in places[2:]):
        raise fail("--json and --html must not name one of the results, nor the same file")
    called = (str(before), str(after))
    if before.name != after.name:
        called = (before.name, after.name)
    _tell(compare(batch.read(before), batch.read(after), called), json_path, html_path)


def _in_gradebook(folder: Path, runs: tuple[int, int] | None, names: bool) -> Comparison:
    with Gradebook(folder) as book:
        return history.differences(book, history.pair(book, runs or ()), names=names)


def _tell(comparison: Comparison, json_path: Path | None, html_path: Path | None) -> NoReturn:
    show(*_parts(comparison))
    texts = ((json_path, changes.render(comparison)), (html_path, diff_page.render(comparison).encode()))
    for path, text in texts:
        if path is not None:
            try:
                files.replace(path, text)
            except OSError as error:
                raise fail(f"{path} cannot be written: {error.strerror or error}") from None
    raise typer.Exit(0 if comparison.same else EXIT_CHANGES)


def _parts(comparison: Comparison) -> Iterator[RenderableType]:
    for line in diff_words.cautions(comparison):
        yield Text(f"Not like with like: {line}", "yellow")
    yield Text(diff_words.summary(comparison), "bold")
    for line in diff_words.versions(comparison):
        yield Text(f"  {line}")
    for each in comparison.assignments:
        remarks = list(diff_words.remarks(each))
        if each.changes or remarks:
            yield Text()
            yield Text(diff_words.heading(each), "bold")
        for line in remarks:
            yield Text(f"  {line}")
        if each.changes:
            numbers = _numbered(each)
            yield _table(each, numbers)
            yield _explained(each, numbers)


def _numbered(each: AssignmentComparison) -> dict[Reason, int]:
    """What many submissions share, such as a new test that they all fail, is told once."""
    reasons = (
        reason for change in each.changes for question in change.questions for reason in question.reasons
    )
    return {reason: number for number, reason in enumerate(dict.fromkeys(reasons), 1)}


def _table(each: AssignmentComparison, numbers: Mapping[Reason, int]) -> Table:
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("Submission", overflow="fold")
    table.add_column("Points", no_wrap=True)
    table.add_column("Question", overflow="fold")
    table.add_column("Points", no_wrap=True)
    table.add_column("Why", overflow="fold")
    for change in each.changes:
        first = [Text(change.submission), Text(diff_words.points(change), _colour(change))]
        if change.notes or not change.questions:
            table.add_row(*first, Text(), Text(), Text("\n".join(change.notes), "yellow"))
            first = [Text(), Text()]
        for question in change.questions:
            old, new = diff_words.number(question.before), diff_words.number(question.after)
            why = ", ".join(f"{numbers[reason]}" for reason in question.reasons)
            table.add_row(*first, Text(question.id), Text(f"{old} -> {new}"), Text(why))
            first = [Text(), Text()]
    return table


def _explained(each: AssignmentComparison, numbers: Mapping[Reason, int]) -> Table:
    """The reasons by their numbers, and how many submissions each one changes."""
    table = Table.grid(padding=(0, 1))
    table.add_column(justify="right", no_wrap=True)
    table.add_column(overflow="fold")
    for reason, number in numbers.items():
        affected = sum(
            any(reason in question.reasons for question in change.questions) for change in each.changes
        )
        table.add_row(
            Text(f" {number}"),
            Text(f"{diff_words.sentence(reason)}: {count(affected, 'submission')}"),
        )
        for when, message in diff_words.messages(reason):
            table.add_row(Text(), Text(f"{when}: {message}"))
    return table


def _colour(change: Change) -> str:
    if not change.difference:
        return ""
    return "green" if change.difference > 0 else "red"
