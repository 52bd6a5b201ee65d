"""A submission in a folder, read so that nothing outside of it can be reached, whatever changes meanwhile.

Every step below the folder opens one name in the folder that is open already, and follows no link: what
was a folder when it was listed may be a link to another place when it is read. Where the system cannot do
that (Windows) paths are used, and checked just before.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from grader.handed_in import Kind, RefusedError, Where

# Absent on some systems, where lstat alone has to do.
file_flags = (
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)  # or opening a pipe waits for its other end
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)
folder_flags = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0)
below_flags = folder_flags | getattr(os, "O_NOFOLLOW", 0)

by_descriptor = {os.open, os.stat} <= os.supports_dir_fd and os.scandir in os.supports_fd

kinds = {
    stat.S_IFREG: Kind.FILE,
    stat.S_IFLNK: Kind.LINK,
    stat.S_IFDIR: Kind.FOLDER,
    stat.S_IFIFO: Kind.PIPE,
    stat.S_IFSOCK: Kind.SOCKET,
    stat.S_IFCHR: Kind.DEVICE,
    stat.S_IFBLK: Kind.DEVICE,
}


def kind_of(mode: int) -> Kind:
    """What a file's mode says that it is."""
    return kinds.get(stat.S_IFMT(mode), Kind.OTHER)


class Directory:
    """See :class:`grader.handed_in.Source`.

    :raises OSError: the folder cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.strange: list[str] = []
        self.refusals: Mapping[str, str] = {}
        # The folder that was named may be a link: whoever named it is not the one who handed it in.
        self._root: int | Path = os.open(path, folder_flags) if by_descriptor else path

    def close(self) -> None:
        """Give back what is held open."""
        if isinstance(self._root, int):
            os.close(self._root)

    def entries(self, where: Where) -> Iterator[tuple[str, Kind]]:
        """What lies in a folder; see :class:`grader.handed_in.Source`."""
        with self._folder(where) as folder, os.scandir(folder) as found:
            for entry in found:
                yield entry.name, _kind(entry)

    def read(self, where: Where, name: str, limit: int) -> bytes:
        """A file's content; see :class:`grader.handed_in.Source`."""
        try:
            with self._folder(where) as folder:
                if not stat.S_ISREG(mode := _stat(folder, name).st_mode):
                    raise RefusedError(f"it is {kind_of(mode)}, not a file")
                owner = os.stat(folder).st_uid
                descriptor = _open(folder, name, file_flags)
            with os.fdopen(descriptor, "rb") as file:
                found = os.fstat(descriptor)
                if not stat.S_ISREG(found.st_mode):
                    raise RefusedError("it is not a file")
                if found.st_nlink > 1 and found.st_uid != owner:
                    # Anybody may give somebody else's file a second name, where the system lets them. In a
                    # backup made of hard links everything has one owner.
                    raise RefusedError("it is a second name of another user's file")
                return file.read(limit + 1)
        except OSError as error:
            raise RefusedError(f"it cannot be read ({error.strerror})") from None

    @contextmanager
    def _folder(self, where: Where) -> Iterator[int | Path]:
        """A folder below the submission, open; none on the way to it is a link.

        :raises OSError: there is no such folder.
        """
        if isinstance(self._root, Path):
            for depth in range(len(where)):
                path = self._root.joinpath(*where[: depth + 1])
                if not stat.S_ISDIR(path.lstat().st_mode):
                    raise NotADirectoryError(errno.ENOTDIR, "Not a directory", str(path))
            yield self._root.joinpath(*where)
            return
        # Opened anew: a second listing of one descriptor goes on where the first one stopped.
        held = os.open(".", folder_flags, dir_fd=self._root)
        try:
            for name in where:
                below = os.open(name, below_flags, dir_fd=held)
                os.close(held)
                held = below
            yield held
        finally:
            os.close(held)


class OneFile:
    """A submission that is a single file, as a folder that holds nothing else; see
    :class:`grader.handed_in.Source`.

    :raises OSError: it cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.strange: list[str] = []
        self.refusals: Mapping[str, str] = {}
        self._name = path.name
        # It may be a link: whoever named it is not the one who handed it in.
        self._file = open(os.open(path, file_flags & ~getattr(os, "O_NOFOLLOW", 0)), "rb")  # noqa: SIM115

    def close(self) -> None:
        """Give back what is held open."""
        self._file.close()

    def entries(self, where: Where) -> Iterator[tuple[str, Kind]]:
        """The file alone; see :class:`grader.handed_in.Source`."""
        if not where:
            yield self._name, Kind.FILE

    def read(self, where: Where, name: str, limit: int) -> bytes:
        """Its content; see :class:`grader.handed_in.Source`."""
        try:
            self._file.seek(0)
            return self._file.read(limit + 1)
        except OSError as error:
            raise RefusedError(f"it cannot be read ({error.strerror})") from None


def _open(folder: int | Path, name: str, flags: int) -> int:
    if isinstance(folder, int):
        return os.open(name, flags, dir_fd=folder)
    return os.open(folder / name, flags)


def _stat(folder: int | Path, name: str) -> os.stat_result:
    if isinstance(folder, int):
        return os.stat(name, dir_fd=folder, follow_symlinks=False)
    return (folder / name).lstat()


def _kind(entry: os.DirEntry[str]) -> Kind:
    """What a listed name stands for; the listing mostly says it, without a look at the file."""
    try:
        if entry.is_symlink():
            return Kind.LINK
        if entry.is_dir(follow_symlinks=False):
            return Kind.FOLDER
        if entry.is_file(follow_symlinks=False):
            return Kind.FILE
        return kind_of(entry.stat(follow_symlinks=False).st_mode)
    except OSError:  # it vanished, or may not be looked at
        return Kind.OTHER
