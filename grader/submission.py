"""Finds what was handed in and takes it into a folder of the run's own.

A submission lies flat in its folder, in a folder named after the assignment, or one folder further down in an
unpacked zip. Only the declared files are taken, byte for byte, and only regular ones: a link could name a
file that is not the student's to hand in. Names are matched exactly, on file systems that would not too.
"""

from __future__ import annotations

import hashlib
import io
import os
import stat
import tokenize
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from grader import misnamed
from grader.config import Assignment
from grader.faults import GraderFault

MAX_FILE_BYTES = 8 << 20
MAX_IGNORED = 50  # names listed of files that nobody asked for

# Absent on some systems, where lstat alone has to do.
open_flags = (
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)  # or opening a pipe waits for its other end
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)


class SubmissionFolderError(Exception):
    """There is nothing to grade at the place that was named; the text is for whoever named it."""


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

    :param folder: where the files lay.
    :param run_folder: where their copies lie, with the given files beside them.
    :param ignored: names of other files that lay there, at most 50.
    :param digest: SHA-256 of the names and contents of the files taken, in hexadecimal.
    """

    folder: Path
    run_folder: Path
    files: tuple[SubmittedFile, ...]
    ignored: tuple[str, ...] = ()
    digest: str = ""

    @property
    def ok(self) -> tuple[str, ...]:
        return tuple(file.name for file in self.files if file.state is FileState.OK)

    @property
    def notes(self) -> tuple[str, ...]:
        return tuple(file.note for file in self.files if file.note)


def collect(assignment: Assignment, folder: Path, run_folder: Path, given_from: Path) -> Submission:
    """Copy the declared files found under ``folder``, and our own given files, into ``run_folder``.

    :param run_folder: made if it does not exist.
    :param given_from: the judge's copy of the given files, ``starter/pN``.
    :raises SubmissionFolderError: nothing to grade there.
    :raises GraderFault: a given file of ours is missing, or the run folder cannot be written.
    """
    found = locate(assignment, folder)
    present = {entry.name for entry in _visible(found) if not entry.is_dir(follow_symlinks=False)}
    contents: dict[str, bytes] = {}
    files = []
    for name in assignment.files:
        file, content = _take(found, name, present - set(assignment.files))
        files.append(file)
        if content is not None:
            contents[name] = content
    given = {name: _given(given_from / name) for name in assignment.given}
    try:
        run_folder.mkdir(parents=True, exist_ok=True)
        for name, content in (contents | given).items():
            (run_folder / name).write_bytes(content)
    except OSError as error:
        raise GraderFault(f"the submission cannot be copied to {run_folder}: {error.strerror}") from None
    extra = sorted(present - set(assignment.files) - set(assignment.given))
    return Submission(found, run_folder, tuple(files), tuple(extra[:MAX_IGNORED]), digest(contents))


def digest(contents: dict[str, bytes]) -> str:
    """SHA-256 over names and contents by name; lengths go in, so that no two sets of files are alike."""
    total = hashlib.sha256()
    for name in sorted(contents):
        for part in (name.encode("utf-8"), contents[name]):
            total.update(len(part).to_bytes(8, "big"))
            total.update(part)
    return total.hexdigest()


def locate(assignment: Assignment, folder: Path) -> Path:
    """The folder under ``folder`` in which the declared files lie.

    :raises SubmissionFolderError: no such folder, not a folder, empty, or two folders down there could be
        meant.
    """
    if not folder.exists():
        raise SubmissionFolderError(f"there is no folder {folder}")
    if not folder.is_dir():
        raise SubmissionFolderError(
            f"{folder} is a file; name the folder that holds {_list(assignment.files)}"
        )
    try:
        below = [Path(entry.path) for entry in _visible(folder) if entry.is_dir(follow_symlinks=False)]
        if not any(True for _ in _visible(folder)):
            raise SubmissionFolderError(f"{folder} is empty; it should hold {_list(assignment.files)}")
        near = [path for path in below if path.name == assignment.id] + [folder]
        far = [path for path in below if path.name != assignment.id]
        far += [path / assignment.id for path in far if _is_real_folder(path / assignment.id)]
        weights = {path: _weight(assignment, path) for path in near + far}
    except OSError as error:
        raise SubmissionFolderError(f"{error.filename or folder} cannot be read: {error.strerror}") from None
    best = max(weights.values())
    if best == (0, 0):
        return near[0]
    winners = [path for path in near if weights[path] == best] or [p for p in far if weights[p] == best]
    if len(winners) > 1 and winners[0] in far:
        names = " and ".join(str(path.relative_to(folder)) for path in winners[:2])
        raise SubmissionFolderError(f"{folder} holds several submissions ({names}): name the folder you mean")
    return winners[0]


def _weight(assignment: Assignment, folder: Path) -> tuple[int, int]:
    """How much speaks for a folder: declared files in it, then files that stand for a declared one."""
    present = {entry.name for entry in _visible(folder)}
    exact = sum(name in present for name in assignment.files)
    others = present - set(assignment.files)
    meant = sum(
        name not in present and misnamed.likeliest(name, others) is not None for name in assignment.files
    )
    return exact, meant


def _visible(folder: Path) -> Iterable[os.DirEntry[str]]:
    """What a person put there: no hidden files, nothing that a zip made on macOS or an interpreter adds."""
    with os.scandir(folder) as entries:
        return [
            entry
            for entry in sorted(entries, key=lambda entry: entry.name)
            if not entry.name.startswith(".") and entry.name not in ("__MACOSX", "__pycache__")
        ]


def _is_real_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _take(folder: Path, name: str, others: set[str]) -> tuple[SubmittedFile, bytes | None]:
    """A declared file's state, and its content if it is ok."""
    if not any(entry.name == name for entry in _visible(folder)):
        meant = misnamed.likeliest(name, others)
        if meant:
            return SubmittedFile(name, FileState.MISNAMED, meant[1]), None
        return SubmittedFile(name, FileState.MISSING, f"{name} is missing"), None
    try:
        content = _read(folder / name)
    except _RefusedError as refused:
        return SubmittedFile(name, FileState.REFUSED, f"{name} is refused: {refused}"), None
    note = "" if content.strip() else f"{name} is empty"
    if name.endswith(".py") and not _is_source(content):
        note = f"{name} is not text in UTF-8 (another encoding?): save it as UTF-8"
    return SubmittedFile(name, FileState.OK, note), content


def _is_source(content: bytes) -> bool:
    """Whether these bytes are Python source in UTF-8, or in the encoding that a coding line names."""
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
        return b"\0" not in content and content.decode(encoding) is not None
    except (SyntaxError, UnicodeError, LookupError):
        return False


class _RefusedError(Exception):
    """Why a file is not taken."""


def _read(path: Path) -> bytes:
    """The bytes of a regular file that is not too large; nothing else is opened, or waited for."""
    try:
        mode = path.lstat().st_mode
        if not stat.S_ISREG(mode):
            raise _RefusedError(f"it is {_kind(mode)}, not a file")
        descriptor = os.open(path, open_flags)
    except OSError as error:
        raise _RefusedError(f"it cannot be read ({error.strerror})") from None
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise _RefusedError("it is not a file")
        content = file.read(MAX_FILE_BYTES + 1)
    if len(content) > MAX_FILE_BYTES:
        raise _RefusedError(f"it is larger than {MAX_FILE_BYTES >> 20} MiB")
    return content


def _kind(mode: int) -> str:
    kinds = {
        stat.S_IFLNK: "a link",
        stat.S_IFDIR: "a folder",
        stat.S_IFIFO: "a pipe",
        stat.S_IFSOCK: "a socket",
        stat.S_IFCHR: "a device",
        stat.S_IFBLK: "a device",
    }
    return kinds.get(stat.S_IFMT(mode), "something else")


def _given(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise GraderFault(f"the given file {path} cannot be read: {error.strerror}") from None


def _list(names: list[str]) -> str:
    return ", ".join(names)
