"""Takes the submissions of a folder into the gradebook, each with a path that can be graded."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from grader.faults import GraderFault
from grader.gradebook.engine import Handed
from grader.gradebook.model import Entry
from grader.gradebook.store import Gradebook
from grader.handed_in import MAX_FILE_BYTES
from grader.results import files
from grader.text import one_line

FOLDER = "submissions"  # in the gradebook's: files that a platform put side by side, a folder for each


def take_in(book: Gradebook, entries: Sequence[Entry]) -> list[Handed]:
    """Enter them, and gather single files into a folder for each submission.

    :raises GraderFault: a file cannot be read or written.
    """
    submissions = book.enter(entries)
    return [
        Handed(submission, entry.path or _gathered(book, entry, submission.pseudonym))
        for submission, entry in zip(submissions, entries, strict=True)
    ]


def _gathered(book: Gradebook, entry: Entry, pseudonym: str) -> Path:
    """The folder with copies of an entry's single files, and nothing of an earlier time."""
    folder = book.path.parent / FOLDER / pseudonym
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for old in folder.iterdir():
            if old.name not in entry.files:
                old.unlink()
        for name, path in entry.files.items():
            with path.open("rb") as file:  # one byte too many is seen by whoever grades, and told
                files.replace(folder / name, file.read(MAX_FILE_BYTES + 1))
    except OSError as error:
        said = f"the files of {pseudonym} cannot be gathered in {one_line(str(folder))}"
        raise GraderFault(f"{said}: {error.strerror or error}") from None
    return folder
