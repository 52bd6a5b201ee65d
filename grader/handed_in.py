"""What all kinds of submission have in common: names in folders, files that can be read, and limits.

A folder and a zip are looked at through the same few questions, so that the same files get the same grade
however they arrive. Nothing here writes to a disk.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Protocol

# A solution is tens of kilobytes. Past this, somebody hands in data, and every run would copy and hash it.
MAX_FILE_BYTES = 8 << 20
# All declared files together; two of them may be as large as one can be.
MAX_TOTAL_BYTES = 2 * MAX_FILE_BYTES
# Entries looked at before giving up: a virtual environment or a data set that was handed in too has fewer.
MAX_ENTRIES = 200_000
# Of one folder; each of these names is compared with each declared one, at 30 µs.
MAX_NAMES = 500
# Folders of one folder that are looked into.
MAX_FOLDERS = 100
# Names in a path of a declared file: a folder around everything, the assignment's folder, the file.
LEVELS = 3
# Characters of a hostile name that go into a sentence.
SHOWN_CHARACTERS = 80

Where = tuple[str, ...]  # a folder below the submission, name by name; () is the submission itself


class SubmissionFolderError(Exception):
    """There is nothing to grade at the place that was named; the text is for whoever named it."""


class RefusedError(Exception):
    """Why a file is not taken, to be read after "it is refused:"."""


class Kind(StrEnum):
    """What a name stands for."""

    FILE = "a file"
    FOLDER = "a folder"
    LINK = "a link"
    PIPE = "a pipe"
    SOCKET = "a socket"
    DEVICE = "a device"
    MIXED = "a file and a folder at once"
    OTHER = "something else"


class Source(Protocol):
    """A submission, wherever it lies.

    :param strange: names that cannot be a path below a folder, as they were written.
    :param refusals: why the file that such a name seems to mean is not taken, by the file's plain name.
    """

    path: Path
    strange: list[str]
    refusals: Mapping[str, str]

    def entries(self, where: Where) -> Iterator[tuple[str, Kind]]:
        """What lies in a folder, each name once, in any order.

        :raises OSError: the folder cannot be read, or is none.
        """
        ...

    def read(self, where: Where, name: str, limit: int) -> bytes:
        """The content of a regular file, at most ``limit`` bytes and one more.

        :raises RefusedError: it is no regular file, cannot be read, or must not be.
        """
        ...

    def close(self) -> None:
        """Give back what is held open."""
        ...


def hidden(name: str) -> bool:
    """Whether nobody put this there: hidden files, and what a zip made on macOS or an interpreter adds."""
    return name.startswith(".") or name in ("__MACOSX", "__pycache__")


def folded(name: str) -> str:
    """Equal for names that are one file on some system: case, composed letters, dots or blanks behind."""
    return unicodedata.normalize("NFC", name).casefold().rstrip(" .")


def shown(name: str) -> str:
    """A submission's name in quotes, its blanks visible, nothing in it unprintable, cut if it is long."""
    text = unicodedata.normalize("NFC", name)
    return repr(text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 3] + "...")


def listed(names: list[str]) -> str:
    """Names of ours in a sentence."""
    return ", ".join(names)


control = re.compile("[\x00-\x1f\x7f]")
drive = re.compile("[A-Za-z]:")


def split(path: str) -> Where | None:
    """A path in an archive, name by name; None if it does not stay below the folder it is unpacked in.

    Backslashes separate, as Windows writes them. Absolute paths, drives, shares, ``..`` and control
    characters (a NUL ends a name for some readers and not for others) make None.
    """
    if control.search(path) or drive.match(path):
        return None
    path = path.replace("\\", "/")
    names = tuple(name for name in path.split("/") if name not in ("", "."))
    return None if path.startswith("/") or ".." in names else names
