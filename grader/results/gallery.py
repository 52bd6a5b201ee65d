"""Writes the page that shows a run's pictures beside what they belong to; they lie in the same folder."""

from __future__ import annotations

from pathlib import Path

from grader.results import files, pages
from grader.results.model import Result

FILE_NAME = "index.html"


def write(result: Result, folder: Path) -> Path | None:
    """Write ``index.html``; without pictures nothing is written.

    :raises OSError: the file cannot be written.
    """
    if not count(result):
        return None
    path = folder / FILE_NAME
    files.replace(path, render(result).encode())
    return path


def render(result: Result) -> str:
    """The page."""
    return pages.render("gallery.html.j2", result=result)


def count(result: Result) -> int:
    """How many pictures were drawn."""
    return sum(
        bool(picture.file)
        for question in result.questions
        for test in question.tests
        for picture in test.pictures
    )
