"""Runs that are measured whole: their time, their computing time, the memory of all their processes."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[2]
SAMPLE = 0.05  # seconds between two looks at the memory of a run


@dataclass(frozen=True)
class Cost:
    """What a run and all its processes took."""

    wall_seconds: float
    cpu_seconds: float
    peak_mb: float


def pss_mb(root: int) -> float:
    """Proportional set size of a process tree: pages that several share count once."""
    total = 0
    try:
        family = [psutil.Process(root), *psutil.Process(root).children(recursive=True)]
    except psutil.Error:
        return 0.0
    for member in family:
        try:
            rollup = Path(f"/proc/{member.pid}/smaps_rollup").read_text(encoding="ascii")
        except OSError:
            continue
        total += next((int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:")), 0)
    return total / 1024


def run(command: Sequence[str], *, watch_memory: bool = False, extra: dict[str, str] | None = None) -> Cost:
    """Run a command to its end.

    :param watch_memory: takes some computing time itself, so not where time is measured.
    """
    started = time.perf_counter()
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, **(extra or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    peak = [0.0]

    def watch() -> None:
        while process.returncode is None:
            peak[0] = max(peak[0], pss_mb(process.pid))
            time.sleep(SAMPLE)

    watcher = threading.Thread(target=watch, daemon=True)
    if watch_memory:
        watcher.start()
    assert process.stdout is not None
    said = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - started
    assert process.returncode == 0, said
    return Cost(wall, used.ru_utime + used.ru_stime, peak[0])


def grading(assignment: str) -> list[str]:
    """The command that grades the reference."""
    plain = ["-q", "-p", "no:cacheprovider", "-p", "no:benchmark", "-p", "no:hypothesispytest"]
    return [sys.executable, "-m", "pytest", f"assignments/{assignment}", "--submission", "reference", *plain]
