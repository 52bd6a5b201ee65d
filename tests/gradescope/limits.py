"""The platform's limits on memory and processors, by control groups of this machine (version 1 or 2)."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

GROUPS = Path("/sys/fs/cgroup")
PERIOD = 100_000  # microseconds
HELD = ("anon", "shmem", "total_rss", "total_shmem")  # version 2's words, then version 1's
EMPTY_SECONDS = 20.0


@dataclass
class Group:
    """A control group, with folders for memory and for processors: one and the same in version 2.

    :param peak: most memory seen held at one time. What was only read from files is not counted: the kernel
        takes it back when it has to.
    """

    memory: Path
    cpu: Path
    usage: Path
    peak: int = 0

    def starts(self, line: Sequence[str]) -> list[str]:
        """A command line whose process is in the group from its first instruction on."""
        folders = dict.fromkeys([self.memory, self.cpu, self.usage])
        joins = "".join(f'echo $$ >"{folder}/cgroup.procs"; ' for folder in folders)
        return ["sh", "-euc", f'{joins}exec "$@"', "sh", *line]

    def sample(self) -> None:
        """Look how much memory is held."""
        lines = (self.memory / "memory.stat").read_text().splitlines()
        found = dict(line.split() for line in lines)
        names = HELD[2:] if "total_rss" in found else HELD[:2]
        self.peak = max(self.peak, sum(int(found.get(name, 0)) for name in names))

    def kills(self) -> int:
        """How many processes were killed for want of memory."""
        for name in ("memory.events", "memory.oom_control"):
            with contextlib.suppress(FileNotFoundError):
                counts = dict(line.split() for line in (self.memory / name).read_text().splitlines())
                return int(counts["oom_kill"])
        raise FileNotFoundError(f"{self.memory} counts no kills")

    def cpu_seconds(self) -> float:
        """Computing time so far."""
        nanoseconds = self.usage / "cpuacct.usage"
        if nanoseconds.exists():
            return int(nanoseconds.read_text()) / 1e9
        found = dict(line.split() for line in (self.usage / "cpu.stat").read_text().splitlines())
        return int(found["usage_usec"]) / 1e6


@contextlib.contextmanager
def limited(memory: int | None, processors: float | None) -> Iterator[Group]:
    """A control group with limits, removed at the end.

    :param memory: bytes; None measures only.
    :raises OSError: this machine lets nobody make control groups.
    """
    name = f"gradescope-{os.getpid()}-{time.monotonic_ns()}"
    if (GROUPS / "cgroup.controllers").exists():
        folder = GROUPS / name
        group = Group(folder, folder, folder)
        for controller in ("+memory", "+cpu"):
            (GROUPS / "cgroup.subtree_control").write_text(controller)
        settings = {folder / "memory.max": memory, folder / "memory.swap.max": 0 if memory else None}
        settings[folder / "cpu.max"] = f"{round(processors * PERIOD)} {PERIOD}" if processors else None
    else:
        group = Group(GROUPS / "memory" / name, GROUPS / "cpu" / name, GROUPS / "cpuacct" / name)
        settings = {group.memory / "memory.limit_in_bytes": memory}
        settings[group.cpu / "cpu.cfs_quota_us"] = round(processors * PERIOD) if processors else None
    folders = list(dict.fromkeys([group.memory, group.cpu, group.usage]))
    try:
        for folder in folders:
            folder.mkdir(exist_ok=True)
        for path, value in settings.items():
            with contextlib.suppress(FileNotFoundError):  # no swap, no setting for it
                if value is not None:
                    path.write_text(str(value))
        yield group
    finally:
        for folder in folders:
            remove(folder)


def remove(folder: Path) -> None:
    """Remove a control group once its processes have gone: a killed one takes a moment."""
    patience = time.monotonic() + EMPTY_SECONDS
    while folder.exists():
        try:
            folder.rmdir()
        except OSError:
            if time.monotonic() > patience:
                raise
            time.sleep(0.05)
