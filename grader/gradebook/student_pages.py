"""Makes a page for each submission to hand out: its own feedback, and nothing of anybody else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

from grader.config import HiddenTests
from grader.gradebook.feedback import Audience, feedback
from grader.gradebook.names import Names
from grader.gradebook.report import PACKAGE, Class
from grader.gradebook.standings import Standing
from grader.gradebook.store import Gradebook
from grader.results import files, pages


def render(
    book: Gradebook, known: Class, hidden_tests: Mapping[str, HiddenTests], *, pictures: bool = True
) -> Iterator[tuple[str, str]]:
    """A file's name and its page, for each submission.

    :param hidden_tests: by assignment, when students see what became of hidden tests.
    """
    names = Names(known.submissions, parts=True)
    groups: dict[str, list[Standing]] = {}
    for standing in known.standings:
        groups.setdefault(standing.submission.pseudonym, []).append(standing)
    for pseudonym, group in groups.items():
        # An instructor's reason may name whoever it was copied from.
        own = partial(names.out_of, but=pseudonym)
        audience = Audience(student=True, clean_strictly=own, hidden_tests=hidden_tests)
        told = [feedback(each, audience, book.pictures if pictures else None) for each in group]
        page = pages.render("student.html.j2", PACKAGE, student=True, pseudonym=pseudonym, assignments=told)
        yield f"{pseudonym}.html", page


def write(folder: Path, made: Iterator[tuple[str, str]]) -> tuple[int, int]:
    """Write the pages, closed to others on this machine.

    :returns: how many there are, and how many others lie there, of an earlier report or another gradebook.
    :raises OSError: one cannot be written.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    names = set()
    for name, page in made:
        files.replace(folder / name, page.encode(), private=True)
        names.add(name)
    return len(names), len({path.name for path in folder.glob("s-*.html")} - names)
