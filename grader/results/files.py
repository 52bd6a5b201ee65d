"""Replaces a file whole: a reader finds the old text or the new one, never a part of either."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from pathlib import Path


def replace(path: Path, data: bytes, *, private: bool = False) -> None:
    """
    :param private: closed to others on this machine; else as the user's umask has it.
    :raises OSError: no such folder, not writable, disk full, a folder or a device at its place; the old file
        is then as it was.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except FileExistsError:  # what Python says of a file in a folder's place
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path.parent)) from None
    if path.exists() and not path.is_file() and not path.is_dir():
        # /dev/null would become a file, for every program of the machine.
        raise FileExistsError(errno.EEXIST, "a device or a pipe lies there", str(path))
    # In the same folder, or it cannot be moved in one step; a name of its own, or two runs would share it.
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        # Not tempfile: its files are closed to others, and what a run leaves should follow the user's umask.
        with open(fresh, "xb", opener=_closed if private else None) as file:
            file.write(data)
        os.replace(fresh, path)
    except BaseException:
        with contextlib.suppress(OSError):
            fresh.unlink(missing_ok=True)
        raise


def _closed(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def discard(path: Path) -> None:
    """Remove a file, and nothing else that may lie there; one that cannot be removed stays."""
    with contextlib.suppress(OSError):
        if stat.S_ISREG(path.lstat().st_mode):
            path.unlink()
