"""One GPU run at a time: a lock per device that ends with the process that holds it, however that ends.

``filelock`` takes the kernel's advisory lock (flock), so a crash leaves nothing to be cleared. torch depends
on it, so it is on every machine that grades. The file itself stays: to remove it would let two runs lock two
files of one name.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

import filelock

from grader.faults import NotRunHere

FOLDERS = ("/run/lock", "/tmp")  # of the machine, not of a run: TMPDIR may be anybody's own
WAIT_SECONDS = 3600.0  # for the run before this one


def folder() -> Path:
    """Where the locks of this machine lie."""
    return next(Path(each) for each in (*FOLDERS, os.curdir) if os.access(each, os.W_OK | os.X_OK))


@contextlib.contextmanager
def held(uuid: str, place: Path | None = None, seconds: float = WAIT_SECONDS) -> Iterator[None]:
    """Hold the lock of a device.

    :param seconds: to wait for whoever has it.
    :raises NotRunHere: it was not to be had.
    """
    path = (place or folder()) / f"grader-{re.sub(r'[^0-9A-Za-z-]', '_', uuid)}.lock"
    lock = filelock.FileLock(path, timeout=seconds, mode=0o666)
    try:
        lock.acquire()
    except filelock.Timeout:
        raise NotRunHere(f"another run has had the GPU for {seconds:g} s (lock {path})") from None
    except OSError as error:
        raise NotRunHere(f"the GPU cannot be locked: {path}: {error.strerror}") from None
    try:
        yield
    finally:
        lock.release()
