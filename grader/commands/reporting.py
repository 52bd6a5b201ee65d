"""``grader report``: how a class did, as a page for its instructors and a page for each submission."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from grader.commands.console import course, fail, out
from grader.config import ConfigError, Course, HiddenTests
from grader.gradebook import report as class_report
from grader.gradebook import similarity, student_pages
from grader.gradebook.report import Class
from grader.gradebook.store import Gradebook
from grader.results import files
from grader.text import count, one_line

ENDINGS = frozenset({".html", ".htm"})


def report(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of the gradebook.")],
    to: Annotated[
        Path | None, typer.Option("--to", metavar="FILE", help="The page; DIR/report.html by default.")
    ] = None,
    number: Annotated[
        int | None, typer.Option("--run", metavar="N", help="Of this run; of the last one by default.")
    ] = None,
    students: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Write a page for each submission too, to hand out."),
    ] = None,
    anonymous: Annotated[
        bool, typer.Option("--anonymous", help="No names in the report, pseudonyms alone.")
    ] = False,
    pictures: Annotated[
        bool, typer.Option(help="Put loss curves and images into the pages: most of their size.")
    ] = True,
) -> None:
    """Write how a class did as one page, which needs no network, and pages for students.

    Status: 0 written, whatever it says; 2 there is no such run, or a file cannot be written.
    """
    to = to or folder / class_report.FILE_NAME
    if to.suffix.lower() not in ENDINGS:  # the gradebook must not be written over by a slip
        raise fail(f"--to {one_line(str(to))}: a page's name ends with .html")
    with Gradebook(folder) as book:
        known = class_report.read(book, number)
        # Before anything is written: students must not see what the course keeps from them.
        rules = _hidden_tests(known) if students is not None else {}
        page = class_report.render(
            book,
            known,
            course=_course_name(),
            anonymous=anonymous,
            pictures=pictures,
            alike=similarity.load(folder),
        ).encode()
        try:
            files.replace(to, page, private=True)
            out.print(f"{one_line(str(to))}: run {known.run.id}, {_size(len(page))}")
            if students is not None:
                made = student_pages.render(book, known, rules, pictures=pictures)
                written, others = student_pages.write(students, made)
                said = f"; {count(others, 'other page')} there, not of this run" if others else ""
                out.print(f"{one_line(str(students))}: {count(written, 'page')}{said}")
        except OSError as error:
            raise fail(
                f"{one_line(str(error.filename or to))} cannot be written: {error.strerror or error}"
            ) from None
    unusable = sum(not standing.usable for standing in known.standings)
    if unusable:
        out.print(f"{count(unusable, 'grade')} must not be used; the report says why")


def _hidden_tests(known: Class) -> Mapping[str, HiddenTests]:
    """By assignment, when students see what became of hidden tests.

    :raises ConfigError: the working directory lies in no course, or in one without the assignment.
    """
    here = course()
    graded = dict.fromkeys(standing.assignment for standing in known.standings)
    return {name: here.assignment(name).uploads.hidden_tests for name in graded}


def _course_name() -> str:
    """The folder's name; empty outside of a course, where a report can be made as well."""
    try:
        return Course.find(Path.cwd()).root.name
    except ConfigError:
        return ""


def _size(number: int) -> str:
    return f"{number / 1e6:.1f} MB" if number >= 1e6 else f"{max(number // 1000, 1)} kB"
