"""A control group of version 2 around a zygote and all of its workers, where the system lets us make one.

It bounds what no limit of a process does: memory of all processes together, tmpfs and sockets included, and
their number. Most containers show their groups read-only; then the limits of each process and the judge's own
watch on the worker's tree (:meth:`grader.connection.Worker.weigh`) are what there is.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import time
from dataclasses import dataclass
from pathlib import Path

ZYGOTE_BYTES = 512 << 20  # an interpreter with torch, its copies on write, and what the kernel keeps for them
PROCESSES = 1024  # of a zygote, two workers and whatever these start, each of which has its own limit
REMOVE_SECONDS = 2.0  # until a killed group is empty


class NoGroup(Exception):
    """No group can be made here; the text says why."""


@dataclass(frozen=True)
class Group:
    """A group of our own, empty until a process enters it."""

    folder: Path

    @property
    def entrance(self) -> Path:
        """The file into which a process writes 0 to enter."""
        return self.folder / "cgroup.procs"

    def remove(self) -> None:
        """Kill what is left in it, and remove it."""
        kill = self.folder / "cgroup.kill"
        with contextlib.suppress(OSError):
            if kill.exists():  # from Linux 5.14
                kill.write_text("1")
        stop = time.monotonic() + REMOVE_SECONDS
        while time.monotonic() < stop:
            try:
                self.folder.rmdir()
            except FileNotFoundError:
                return
            except OSError:  # its processes are still dying
                time.sleep(0.01)


def make(memory_bytes: int, proc: Path = Path("/proc/self")) -> Group:
    """Make a group as near to this process's own as it can be had.

    :param memory_bytes: of all processes in it together.
    :param proc: where this process's groups and mounts are told.
    :raises NoGroup: there is none to be had.
    """
    refused = "no group above this process hands its memory controller on"
    for parent in _above(proc):
        if "memory" not in _words(parent / "cgroup.subtree_control"):
            continue
        folder = parent / f"grader-{os.getpid()}-{secrets.token_hex(4)}"
        try:
            folder.mkdir()
        except OSError as error:
            refused = f"{parent} cannot be written ({error.strerror})"
            continue
        try:
            (folder / "memory.max").write_text(str(memory_bytes))
            with contextlib.suppress(FileNotFoundError):  # a kernel without swap accounting
                (folder / "memory.swap.max").write_text("0")
            if "pids" in _words(parent / "cgroup.subtree_control"):
                (folder / "pids.max").write_text(str(PROCESSES))
        except OSError as error:
            folder.rmdir()
            raise NoGroup(f"a group could be made, and its limits not set ({error.strerror})") from None
        return Group(folder)
    raise NoGroup(refused)


def describe(proc: Path = Path("/proc/self")) -> tuple[bool, str]:
    """Whether a group can be had here, and what that means."""
    try:
        make(ZYGOTE_BYTES, proc).remove()
    except NoGroup as refused:
        watched = "each process has a limit, and the judge watches what a worker's processes take together"
        return False, f"{refused}: {watched}"
    return True, "bounds the memory of all processes together, and their number"


def _above(proc: Path) -> list[Path]:
    """The folders of this process's group and of those above it, as far as they are mounted.

    :raises NoGroup: the system has no groups of version 2, or shows none.
    """
    try:
        own = next(
            line.partition("::")[2].strip()
            for line in (proc / "cgroup").read_text(encoding="utf-8").splitlines()
            if line.startswith("0::")
        )
        top = Path(
            next(
                line.split()[4]
                for line in (proc / "mountinfo").read_text(encoding="utf-8").splitlines()
                if line.partition(" - ")[2].startswith("cgroup2 ")
            )
        )
    except (OSError, StopIteration):
        raise NoGroup("the system shows no control groups of version 2") from None
    folder = top / own.lstrip("/")
    return [folder, *folder.parents[: len(folder.parts) - len(top.parts)]]


def _words(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="ascii").split()
    except OSError:
        return []
