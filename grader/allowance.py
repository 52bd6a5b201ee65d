"""What one test may spend: computing time of the processes that it started, and a wall deadline behind it."""

from __future__ import annotations

import contextlib
import functools
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import psutil

INTERVAL = 0.25  # seconds: how often the computing time of a busy tree is read


class TookTooLong(Exception):
    """The allowance is spent; ``resource`` says which: computing time or waiting."""

    def __init__(self, resource: str, limit: float) -> None:
        super().__init__(f"{limit:g} s of {resource}")
        self.resource = resource
        self.limit = limit


class TookTooMuch(Exception):
    """The processes of a worker together take more memory than they may."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"{limit >> 20:,} MiB of memory")
        self.limit = limit


@dataclass(eq=False)
class Allowance:
    """What one test may spend: CPU time of its workers' trees, and a wall deadline behind it."""

    cpu_seconds: float | None = None
    wall_seconds: float | None = None
    spent: float = 0.0
    started: float = field(default_factory=time.monotonic)
    _parts: list[tuple[float, float]] = field(default_factory=list)  # up to where, and how much

    @classmethod
    def of_timeout(cls, seconds: float | None) -> Allowance:
        """From a test's time-out: that much computing, four times that much waiting (half a core is
        common)."""
        return cls(seconds, None if seconds is None else 4 * seconds)

    def and_more(self, seconds: float) -> Allowance:
        """The same with so much more computing, and four times that of waiting."""
        cpu, wall = self.cpu_seconds, self.wall_seconds
        return Allowance(
            None if cpu is None else cpu + seconds,
            None if wall is None else wall + 4 * seconds,
            self.spent,
            self.started,
        )

    def renewed(self) -> Allowance:
        """As much again, with nothing spent."""
        return Allowance(self.cpu_seconds, self.wall_seconds)

    def check(self) -> None:
        """:raises TookTooLong: something is spent."""
        if self.cpu_seconds is not None and self.spent > self.cpu_seconds:
            raise TookTooLong("computing time", self.cpu_seconds)
        for end, seconds in self._parts:
            if self.spent > end:
                raise TookTooLong("computing time", seconds)
        if self.wall_seconds is not None and time.monotonic() - self.started > self.wall_seconds:
            raise TookTooLong("waiting time", self.wall_seconds)

    @contextlib.contextmanager
    def at_most(self, seconds: float | None) -> Iterator[None]:
        """A part of it for what comes next, such as one training of several; None: no limit of its own."""
        if seconds is None:
            yield
            return
        self._parts.append((self.spent + seconds, seconds))
        try:
            yield
        finally:
            self._parts.pop()

    def remaining(self) -> float:
        """Seconds until the wall deadline, at most one interval."""
        if self.wall_seconds is None:
            return INTERVAL
        return max(0.0, min(INTERVAL, self.started + self.wall_seconds - time.monotonic()))


def tree_cpu_seconds(root: int) -> float:
    """CPU time of a process, its descendants, and every child that they have waited for.

    It is read twice for each question that our own solutions are asked. psutil looks at all processes of the
    machine to find descendants, which took half of the judge's time; Linux lists a thread's children.
    """
    if _lists_children():
        with contextlib.suppress(PermissionError):  # as psutil sees it
            return _listed_cpu_seconds(root)
    return _searched_cpu_seconds(root)


@functools.cache
def _lists_children() -> bool:
    """Whether this kernel was built to (CONFIG_PROC_CHILDREN)."""
    return os.path.exists(f"/proc/self/task/{os.getpid()}/children")


def _listed_cpu_seconds(root: int) -> float:
    """A process that ends meanwhile may be missed, never counted twice: it is in its parent's account then,
    which is read before."""
    ticks = 0
    waiting = [root]
    for pid in waiting:  # grows meanwhile
        try:
            with open(f"/proc/{pid}/stat", "rb") as file:
                # After the name in brackets, which may hold anything: utime, stime, cutime, cstime.
                ticks += sum(map(int, file.read().rpartition(b")")[2].split()[11:15]))
            for thread in os.listdir(f"/proc/{pid}/task"):
                with open(f"/proc/{pid}/task/{thread}/children", "rb") as file:
                    waiting += map(int, file.read().split())
        except (FileNotFoundError, ProcessLookupError):
            continue
    return ticks / os.sysconf("SC_CLK_TCK")


def _searched_cpu_seconds(root: int) -> float:
    total = 0.0
    try:
        process = psutil.Process(root)
        family = [process, *process.children(recursive=True)]
    except psutil.Error:
        return 0.0
    for member in family:
        with contextlib.suppress(psutil.Error):
            times = member.cpu_times()
            total += times.user + times.system
            total += getattr(times, "children_user", 0.0) + getattr(times, "children_system", 0.0)
    return total


def tree_memory_bytes(root: int, *, guarded: bool = False) -> int:
    """Memory of a process and its descendants; what several share counts once.

    Where the system does not show what is shared (another user's processes), that of a descendant counts
    which it has beyond its guard: both are forks of one zygote.

    :param guarded: the process itself is such a guard, and does not count.
    """
    try:
        process = psutil.Process(root)
        family = process.children(recursive=True)
        inherited = _private(process) if guarded else 0
    except psutil.Error:
        return 0
    total = 0
    for member in family if guarded else [process, *family]:
        with contextlib.suppress(psutil.Error):
            try:
                total += member.memory_full_info().pss
            except (psutil.AccessDenied, AttributeError):  # another user's, or another system
                total += max(0, _private(member) - inherited)
    return total


def tree_peak_bytes(root: int, *, guarded: bool = False) -> int | None:
    """The most memory that each process of a tree has had at once, added up; None where no system tells.

    The kernel keeps it (VmHWM), so that nothing is missed between two readings. What several processes share
    counts in each of them: compare two readings of one worker.

    :param guarded: the process itself is a guard of ours, and does not count.
    """
    try:
        process = psutil.Process(root)
        family = process.children(recursive=True)
    except psutil.Error:
        return None
    peaks = [_peak(member.pid) for member in (family if guarded else [process, *family])]
    known = [peak for peak in peaks if peak is not None]
    return sum(known) if known else None


def _peak(pid: int) -> int | None:
    try:
        with open(f"/proc/{pid}/status", "rb") as status:
            kilobytes = next(line for line in status if line.startswith(b"VmHWM:")).split()[1]
    except (OSError, StopIteration):  # another system; a process that has just ended
        return None
    return int(kilobytes) << 10


def _private(process: psutil.Process) -> int:
    taken = process.memory_info()
    return int(taken.rss - getattr(taken, "shared", 0))
