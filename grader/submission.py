"""Finds what was handed in and takes it into a folder of the run's own.

Only the declared files are taken, byte for byte, and only regular ones: a link could name a file that is not
the student's to hand in. Names are matched exactly, on file systems that would not too. A folder and a
zip with the same files in them are one submission.
"""

from __future__ import annotations

import hashlib
import io
import tokenize
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path, PurePath

from grader import notebook_intake
from grader.cells import CELLS_FILE, HandedIn
from grader.config import Assignment
from grader.faults import GraderFault
from grader.handed_in import (
    MAX_FILE_BYTES,
    MAX_TOTAL_BYTES,
    Kind,
    RefusedError,
    SubmissionFolderError,
    folded,
    shown,
)
from grader.held_data import held_bytes
from grader.intake import ARCHIVES, Intake, opened

__all__ = ["FileState", "Submission", "SubmissionFolderError", "SubmittedFile", "collect", "digest"]

MAX_IGNORED = 50  # names listed of files that nobody asked for


class FileState(StrEnum):
    """What became of a declared file."""

    OK = "ok"
    MISSING = "missing"
    MISNAMED = "misnamed"
    REFUSED = "refused"


@dataclass(frozen=True)
class SubmittedFile:
    """A declared file; ``note`` says in a sentence what is wrong with it, if something is."""

    name: str
    state: FileState
    note: str = ""


@dataclass(frozen=True)
class Submission:
    """What was found and taken.

    :param folder: where the files lay; below a zip's own path for those in a zip.
    :param run_folder: where their copies lie, with the given files beside them.
    :param ignored: names of other files that lay there, at most 50.
    :param digest: SHA-256 of the names and contents of the files taken, in hexadecimal.
    :param seed_digest: the same without the optional files: what is drawn for the others must not hang on
        these.
    :param held_bytes: how much data the modules taken hold together, see :mod:`grader.held_data`, without
        those that are optional; ``held_in_all`` is that of all.
    :param remarks: what is to be said of the whole, a sentence each.
    :param cells: of a notebook that was taken in the place of files: the numbers of its cells, with the
        question that each one's marker names.
    """

    folder: Path
    run_folder: Path
    files: tuple[SubmittedFile, ...]
    ignored: tuple[str, ...] = ()
    digest: str = ""
    seed_digest: str = ""
    held_bytes: int = 0
    held_in_all: int = 0
    remarks: tuple[str, ...] = ()
    cells: Mapping[int, str] = field(default_factory=dict)

    @property
    def ok(self) -> tuple[str, ...]:
        return tuple(file.name for file in self.files if file.state is FileState.OK)

    @property
    def notes(self) -> tuple[str, ...]:
        return (*self.remarks, *(file.note for file in self.files if file.note))


def collect(assignment: Assignment, folder: Path, run_folder: Path, given_from: Path) -> Submission:
    """Copy the declared files found in ``folder``, and our own given files, into ``run_folder``.

    :param folder: what was handed in: a folder, a zip, or a notebook.
    :param run_folder: made if it does not exist.
    :param given_from: the judge's copy of the given files, ``starter/pN``.
    :raises SubmissionFolderError: nothing to grade there.
    :raises GraderFault: a given file of ours is missing, or the run folder cannot be written.
    """
    with opened(assignment, folder) as intake:
        contents, files = _modules(assignment, intake)
        present = {
            file.name: contents.get(file.name)
            for file in files
            if file.state in (FileState.OK, FileState.REFUSED)
            or intake.meant(intake.where, file.name, notebooks=False)
        }
        found = notebook_intake.find(assignment, intake, present)
        extra = intake.source.strange + [
            name
            for name, kind in intake.look(intake.where).items()
            if kind is not Kind.FOLDER and name not in (*assignment.all_files, *assignment.given, found.name)
        ]
    written = contents
    if found.handed is not None:
        contents, files = _of_notebook(assignment, found.handed)
        written = {CELLS_FILE: found.handed.encoded()}
    given = {name: _given(given_from / name) for name in assignment.given}
    try:
        run_folder.mkdir(parents=True, exist_ok=True)
        for name, content in (written | given).items():
            (run_folder / name).write_bytes(content)
    except OSError as error:
        raise GraderFault(f"the submission cannot be copied to {run_folder}: {error.strerror}") from None
    always = {name: content for name, content in contents.items() if name not in assignment.optional}
    held = {name: held_bytes(content) for name, content in contents.items() if name.endswith(".py")}
    return Submission(
        intake.path,
        run_folder,
        tuple(files),
        tuple(extra[:MAX_IGNORED]),
        digest(contents),
        digest(always),
        sum(held[name] for name in held if name in always),
        sum(held.values()),
        found.notes,
        found.handed.questions if found.handed is not None else {},
    )


def _modules(assignment: Assignment, intake: Intake) -> tuple[dict[str, bytes], list[SubmittedFile]]:
    """The declared files that are there, and what became of each."""
    contents: dict[str, bytes] = {}
    files = []
    for name in assignment.files:
        try:
            content = _read(intake, name, MAX_TOTAL_BYTES - sum(map(len, contents.values())))
        except RefusedError as refused:
            note = f"{name} is refused: {refused}"
            files.append(SubmittedFile(name, FileState.REFUSED, note))
            continue
        if content is None:
            files.append(_absent(intake, name))
        else:
            contents[name] = content
            files.append(SubmittedFile(name, FileState.OK, _note(name, content)))
    return contents, files


def _of_notebook(assignment: Assignment, handed: HandedIn) -> tuple[dict[str, bytes], list[SubmittedFile]]:
    """The same of a notebook: the files that its cells stand for."""
    contents: dict[str, bytes] = {}
    files = []
    for name in assignment.files:
        text = handed.own_text(PurePath(name).stem) if name.endswith(".py") else ""
        if text:
            contents[name] = text.encode()
            files.append(SubmittedFile(name, FileState.OK))
        elif name in assignment.optional:
            files.append(SubmittedFile(name, FileState.MISSING))
        else:
            note = f"{name} is missing: no cell of the notebook is handed in for it"
            files.append(SubmittedFile(name, FileState.MISSING, note))
    return contents, files


def digest(contents: dict[str, bytes]) -> str:
    """SHA-256 over names and contents by name; lengths go in, so that no two sets of files are alike."""
    total = hashlib.sha256()
    for name in sorted(contents):
        for part in (name.encode("utf-8"), contents[name]):
            total.update(len(part).to_bytes(8, "big"))
            total.update(part)
    return total.hexdigest()


def _read(intake: Intake, name: str, limit: int) -> bytes | None:
    """A declared file's content; None if there is no such file.

    :param limit: bytes that all files together may still have.
    :raises RefusedError: it is there and is not taken.
    """
    present = intake.look(intake.where)
    if name not in present:
        if name in intake.source.refusals:
            raise RefusedError(intake.source.refusals[name])
        return None
    twins = [other for other in present if other != name and folded(other) == folded(name)]
    if twins:
        raise RefusedError(f"{shown(twins[0])} lies beside it, and many systems take both for one; keep one")
    if present[name] is not Kind.FILE:
        raise RefusedError(f"it is {present[name]}, not a file")
    content = intake.source.read(intake.where, name, MAX_FILE_BYTES)
    if len(content) > MAX_FILE_BYTES:
        raise RefusedError(f"it is larger than {MAX_FILE_BYTES >> 20} MiB")
    if len(content) > limit:
        raise RefusedError(f"the files are larger than {MAX_TOTAL_BYTES >> 20} MiB together")
    return content


def _absent(intake: Intake, name: str) -> SubmittedFile:
    """A declared file that is not there, and what to do about it where that can be guessed."""
    meant = intake.meant(intake.where, name)
    if meant:
        return SubmittedFile(name, FileState.MISNAMED, meant[1])
    if name in intake.assignment.optional:  # nobody has to
        return SubmittedFile(name, FileState.MISSING)
    note = f"{name} is missing"
    archives = [each for each in intake.look(intake.where) if PurePath(each).suffix.lower() in ARCHIVES]
    if archives:
        note += f"; {shown(archives[0])} is not looked into: hand in what is in it"
    return SubmittedFile(name, FileState.MISSING, note)


def _note(name: str, content: bytes) -> str:
    """What is wrong with a file that was taken, if something is."""
    if name.endswith(".py") and not _is_source(content):
        return f"{name} is not text in UTF-8 (another encoding?): save it as UTF-8"
    return "" if content.strip() else f"{name} is empty"


def _is_source(content: bytes) -> bool:
    """Whether these bytes are Python source in UTF-8, or in the encoding that a coding line names."""
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
        return b"\0" not in content and content.decode(encoding) is not None
    except (SyntaxError, UnicodeError, LookupError):
        return False


def _given(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise GraderFault(f"the given file {path} cannot be read: {error.strerror}") from None
