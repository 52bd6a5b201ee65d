"""Removes a folder that hostile code has filled: however deep, whatever its modes, without following a link.

``shutil.rmtree`` recurses, and three thousand nested folders end it, and the judge with it, in a
RecursionError. Nobody else may be writing to the folder meanwhile.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from pathlib import Path


def remove(folder: Path | str) -> bool:
    """Remove a folder and everything in it; whether it is gone. What cannot be removed stays, silently.

    Each folder found is moved to the top before it is emptied, so that no path becomes long. A link in the
    place of the folder is removed as a link.
    """
    top = os.path.abspath(folder)
    if os.path.islink(top) or not os.path.isdir(top):
        with contextlib.suppress(OSError):
            os.unlink(top)
        return not os.path.lexists(top)
    waiting = [top]
    for place in waiting:  # grows meanwhile
        _open_up(place)
        for entry in _entries(place):
            with contextlib.suppress(OSError):
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(_moved(entry.path, top, place))
                else:
                    os.unlink(entry.path)
    for place in reversed(waiting):
        with contextlib.suppress(OSError):
            os.rmdir(place)
    return not os.path.lexists(top)


def _entries(place: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(place) as found:
            return list(found)
    except OSError:
        return []


def _moved(path: str, top: str, place: str) -> str:
    """Where a folder lies after it was moved to the top; where it lay, if it already was there or stays."""
    if place == top:
        return path
    _open_up(path)  # a folder that changes its parent is written to
    target = os.path.join(top, secrets.token_hex(8))
    with contextlib.suppress(OSError):
        os.rename(path, target)
        return target
    return path


def _open_up(folder: str) -> None:
    """Let its owner list and change it."""
    with contextlib.suppress(OSError):
        os.chmod(folder, stat.S_IRWXU)
