"""A submission in a zip, read without unpacking it: names are listed, and only the files asked for are read.

A zip is a claim: the sizes it states are not believed, and what its names point at is never written to.
Two readers may see two archives in one file; this one, :mod:`zipfile`, takes the directory at the end.
"""

from __future__ import annotations

import io
import os
import stat
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from grader.directory import file_flags, kind_of
from grader.handed_in import LEVELS, Kind, RefusedError, SubmissionFolderError, Where, listed, shown, split
from grader.text import one_line

# Of the directory at the archive's end, which is held in memory with an object for each entry of 46 bytes or
# more; the number of entries that the archive states may be a lie. Some 10,000 usual entries.
MAX_DIRECTORY_BYTES = 1 << 20
MAX_MEMBERS = 10_000
# Source code packs 3 to 20 times smaller. Only past a megabyte, since a file of one letter packs well too.
MAX_RATIO = 200
RATIO_FROM_BYTES = 1 << 20
CHUNK_BYTES = 1 << 16  # memory that one step of unpacking may take, however well it was packed

# Every program that makes zips can make these. The others (bzip2, LZMA, Deflate64) reserve memory by the
# archive's word, or are not in every Python.
METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
ENCRYPTED = 0x1 | 0x40 | 0x2000  # bits of a member's flags: password, strong encryption, masked directory
UTF_8 = 0x800


class _DirectoryTooLarge(Exception):
    """One read asked for more than a directory may have."""


class _Bounded(io.BufferedReader):
    """A file of which no single read takes more than a directory may have, whatever the archive announces."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > MAX_DIRECTORY_BYTES:
            raise _DirectoryTooLarge
        return super().read(size)


class Zipped:
    """See :class:`grader.handed_in.Source`.

    :param wanted: the declared files, for a sentence.
    :raises OSError: the file cannot be opened.
    :raises SubmissionFolderError: it is no zip, or one that nobody would make of a submission.
    """

    def __init__(self, path: Path, wanted: list[str]) -> None:
        self.path = path
        self.strange: list[str] = []
        self.refusals: Mapping[str, str] = {}
        self._file = _Bounded(io.FileIO(os.open(path, file_flags & ~getattr(os, "O_NOFOLLOW", 0))))
        self._tree: dict[Where, dict[str, _Node]] = {(): {}}
        try:
            self._zip = self._opened(wanted)
            self._index(set(wanted))
        except BaseException:
            self._file.close()
            raise

    def close(self) -> None:
        """Give back what is held open."""
        self._zip.close()
        self._file.close()

    def _opened(self, wanted: list[str]) -> zipfile.ZipFile:
        name = one_line(str(self.path))
        too_many = f"{name} holds more than {MAX_MEMBERS:,} files: hand in a zip of {listed(wanted)} only"
        try:
            archive = zipfile.ZipFile(self._file)
        except _DirectoryTooLarge:
            raise SubmissionFolderError(too_many) from None
        except Exception as error:  # zipfile lets struct.error, UnicodeDecodeError and others out
            said = one_line(str(error)) or type(error).__name__
            raise SubmissionFolderError(
                f"{name} is not a zip that can be read ({said}): make the zip again"
            ) from None
        if len(archive.filelist) > MAX_MEMBERS:
            raise SubmissionFolderError(too_many)
        return archive

    def _index(self, wanted: set[str]) -> None:
        """Put the members where a submission's files can lie; what lies deeper is not looked at."""
        refusals: dict[str, str] = {}
        for member in self._zip.filelist:
            path = _path(member)
            names = split(path)
            if not names:
                if names is None:
                    self.strange.append(path)
                    plain = path.split("\0")[0].replace("\\", "/").rpartition("/")[2].rpartition(":")[2]
                    if plain in wanted:
                        refusals[plain] = f"the zip names it {shown(path)}, which is no path in a submission"
                continue
            for depth in range(1, min(len(names), LEVELS + 1)):
                self._node(names[: depth - 1], names[depth - 1]).folder = True
            if len(names) <= LEVELS:
                node = self._node(names[:-1], names[-1])
                if path.endswith(("/", "\\")):
                    node.folder = True
                else:
                    node.members.append(member)
        self.refusals = refusals

    def _node(self, where: Where, name: str) -> _Node:
        return self._tree.setdefault(where, {}).setdefault(name, _Node())

    def entries(self, where: Where) -> Iterator[tuple[str, Kind]]:
        """What lies in a folder; see :class:`grader.handed_in.Source`."""
        for name, node in self._tree.get(where, {}).items():
            yield name, node.kind

    def read(self, where: Where, name: str, limit: int) -> bytes:
        """A file's content; see :class:`grader.handed_in.Source`."""
        members = self._tree[where][name].members
        if len(members) > 1:
            raise RefusedError(f"the zip holds it {len(members)} times: make the zip again")
        member = members[0]
        if member.flag_bits & ENCRYPTED:
            raise RefusedError("it is encrypted: make the zip without a password")
        if member.compress_type not in METHODS:
            raise RefusedError(
                f"the zip packs it by a method that is not read here (number {member.compress_type}): "
                "make the zip with your file manager"
            )
        content = bytearray()
        try:
            with self._zip.open(member) as stream:
                while len(content) <= limit and (chunk := stream.read(CHUNK_BYTES)):
                    content += chunk
        except Exception as error:  # zipfile lets zlib.error, EOFError and others out
            raise RefusedError(f"the zip is damaged there ({one_line(str(error))}): make it again") from None
        if len(content) <= limit and len(content) != member.file_size:
            raise RefusedError("the zip is damaged there (another size than it states): make it again")
        if len(content) > RATIO_FROM_BYTES and len(content) > MAX_RATIO * member.compress_size:
            raise RefusedError(f"it unpacks to more than {MAX_RATIO} times its size")
        return bytes(content[: limit + 1])


class _Node:
    """A name in a folder of the archive, with every member that has it."""

    __slots__ = ("folder", "members")

    def __init__(self) -> None:
        self.folder = False
        self.members: list[zipfile.ZipInfo] = []

    @property
    def kind(self) -> Kind:
        kinds = {_kind(member) for member in self.members} | ({Kind.FOLDER} if self.folder else set())
        return kinds.pop() if len(kinds) == 1 else Kind.MIXED


def _kind(member: zipfile.ZipInfo) -> Kind:
    """What a member is by the mode that Unix and macOS write; a file where there is none."""
    mode = member.external_attr >> 16
    return kind_of(mode) if stat.S_IFMT(mode) else Kind.FILE


def _path(member: zipfile.ZipInfo) -> str:
    """A member's whole name, before zipfile cut it at a NUL.

    Names not marked as UTF-8 are read as the code page of DOS; much software writes UTF-8 without the mark.
    Plain letters are the same in both.
    """
    name = member.orig_filename
    if member.flag_bits & UTF_8:
        return name
    try:
        return name.encode("cp437").decode("utf-8")
    except UnicodeError:
        return name
