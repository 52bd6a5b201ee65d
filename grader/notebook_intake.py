"""Decides whether a notebook stands for the declared files of a submission, and takes its cells.

It does where none of them is there, and where those that are there are nobody's work: the stubs that were
handed out with the notebook, or what ``save_modules()`` wrote of it. A notebook that nobody has worked on
never stands for files that are there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from grader.cells import HandedIn, Notebook, NotebookError, handed_in, read, unwritten
from grader.config import Assignment
from grader.handed_in import MAX_FILE_BYTES, RefusedError, SubmissionFolderError, shown
from grader.intake import Intake

MAX_NOTES = 5


@dataclass(frozen=True)
class Found:
    """What was found beside the declared files, or in their place.

    :param name: the notebook that was read; empty if none was.
    :param handed: its cells, if they count.
    :param notes: what whoever handed it in should know, a sentence each.
    """

    name: str = ""
    handed: HandedIn | None = None
    notes: tuple[str, ...] = ()


def find(assignment: Assignment, intake: Intake, present: Mapping[str, bytes | None]) -> Found:
    """The notebook of a submission.

    :param present: the declared files that are there, or that are meant by a name like theirs; None for one
        that was not taken.
    :raises SubmissionFolderError: there are only notebooks, and none can be read, or several could be meant.
    """
    notebooks = intake.notebooks(intake.where)
    if not notebooks:
        return Found()
    if not present:
        name = intake.notebook()
        try:
            handed = _handed(assignment, _read(intake, name))
        except NotebookError as error:
            raise SubmissionFolderError(f"{shown(name)} {error}") from None
        except RefusedError as error:
            raise SubmissionFolderError(f"{shown(name)} is refused: {error}") from None
        return Found(name, handed, handed.notes[:MAX_NOTES])
    beside, lie = " and ".join(present), "lies" if len(present) == 1 else "lie"
    try:
        name = intake.notebook()
        notebook = _read(intake, name)
    except (SubmissionFolderError, NotebookError, RefusedError):
        name, notebook = notebooks[0], Notebook(())
    if notebook.untouched:  # it lies beside the stubs in every release
        return Found()
    if all(content is not None and unwritten(file, content, notebook) for file, content in present.items()):
        handed = _handed(assignment, notebook)
        note = f"{shown(name)} counts: nobody has worked on {beside}, which {lie} beside it"
        return Found(name, handed, (note, *handed.notes[:MAX_NOTES]))
    note = f"{shown(name)} was not looked at, because {beside} {lie} beside it: hand in one or the other"
    return Found(notes=(note,))


def _read(intake: Intake, name: str) -> Notebook:
    """
    :raises NotebookError, RefusedError: it cannot be read.
    """
    content = intake.source.read(intake.where, name, MAX_FILE_BYTES)
    if len(content) > MAX_FILE_BYTES:
        most = f"{MAX_FILE_BYTES >> 20} MiB"
        raise NotebookError(f"is larger than {most}: clear all outputs, which hold its pictures, and save it")
    return read(content)


def _handed(assignment: Assignment, notebook: Notebook) -> HandedIn:
    parts = [file for part in assignment.parts.values() for file in part.files]
    return handed_in(notebook, list(dict.fromkeys([*assignment.files, *parts])), assignment.files)
