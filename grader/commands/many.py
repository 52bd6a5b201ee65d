"""``grader grade --many``: a folder of submissions, watched by a bar or lines in a log, and one table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from rich import box
from rich.table import Table
from rich.text import Text

from grader import many
from grader.commands.console import EXIT_INCOMPLETE, as_status, err, fail, show
from grader.commands.progress import Progressing
from grader.config import ConfigError, Course
from grader.results.batch import Batch, Graded
from grader.stopping import Stopping
from grader.text import count, one_line

NOT_GRADED = "not graded"


def chosen(course: Course, named: Sequence[str]) -> list[str]:
    """The assignments that are named beside ``--many``, all if none is.

    :raises ConfigError: one is not there.
    """
    known = course.assignments()
    for name in named:
        if name not in known:
            raise ConfigError(
                f"beside --many FOLDER stand assignments only, and {one_line(name)!r} is none; there are: "
                f"{', '.join(known) or 'none'}"
            )
    return list(dict.fromkeys(named)) or known


def grade(course: Course, asked: many.Asked, folder: Path, results: Path | None, processes: int) -> int:
    """Grade, print the table and what is wrong; the exit status.

    :raises GraderFault: it cannot begin, or a process of ours was killed.
    """
    submissions, skipped = many.find(folder)
    empty = many.begin(course, asked, submissions, skipped)
    record = many.Record(empty, results)
    stopping = Stopping()
    with stopping, as_status(stopping), Progressing() as progress:

        def report(done: int, total: int) -> None:
            progress.expect(total)
            progress.reached(done)

        try:
            batch = many.grade(course, asked, submissions, record, processes, report)
        except BaseException:
            if results is not None and not record.unwritten:
                err.print(f"{results} holds what was graded until then")
            raise
    show(table(batch), *map(Text, lines(batch)))
    if record.unwritten:
        raise fail(f"the results were not kept: {record.unwritten}", EXIT_INCOMPLETE)
    unusable = sum(not many.usable(graded) for _, _, graded in _gradings(batch))
    if unusable:
        raise fail(f"{count(unusable, 'grade')} must not be used", EXIT_INCOMPLETE)
    return 0


def table(batch: Batch) -> Table:
    """Submissions by assignments: points, or what is wrong, which :func:`lines` explain."""
    made = Table(box=box.SIMPLE_HEAD)
    made.add_column("Submission", overflow="fold")
    for name, version in batch.assignments.items():
        made.add_column(Text(f"{name} {version.part}".rstrip()), justify="right")
    for submission in batch.submissions:
        cells = [_cell(submission.gradings.get(name)) for name in batch.assignments]
        made.add_row(Text(submission.name), *cells)
    return made


def lines(batch: Batch) -> Iterator[str]:
    """What stands under the table: what is wrong with which grade, and what was skipped."""
    for submission, assignment, graded in _gradings(batch):
        if not many.usable(graded):
            yield f"{submission}, {assignment}: {_why(graded)}"
    for each in batch.skipped:
        yield f"Skipped: {each.name} ({each.reason})"


def _gradings(batch: Batch) -> Iterator[tuple[str, str, Graded]]:
    for submission in batch.submissions:
        for assignment, graded in submission.gradings.items():
            yield submission.name, assignment, graded


def _cell(graded: Graded | None) -> Text:
    if graded is None or graded.fault:
        return Text(NOT_GRADED, "bold red")
    if not graded.complete:
        return Text(f"{graded.score:g} / {graded.max_score:g}, not complete", "bold red")
    return Text(f"{graded.score:g} / {graded.max_score:g}")


def _why(graded: Graded) -> str:
    if graded.fault:
        return graded.fault
    tests = [test for question in graded.questions for test in question.tests]
    unjudged = [test for test in tests if test.outcome == "grader_error"]
    said = "some tests were not run"
    if unjudged:
        said = f"{len(unjudged)} of {len(tests)} tests could not be judged"
    return "; ".join(dict.fromkeys([said, *graded.problems, *(test.message for test in unjudged)]))
