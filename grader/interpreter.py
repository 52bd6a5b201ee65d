"""A clean interpreter for the worker side: its command, its environment, and its end."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

import psutil

from grader.worker.sandbox import environment

__all__ = ["CLOSE_SECONDS", "environment", "kill_tree", "python_command"]

WORKER_FOLDER = Path(__file__).resolve().parent / "worker"
CLOSE_SECONDS = 10.0


def python_command(program: str, *arguments: str) -> list[str]:
    """The command of a clean interpreter: no user site, no folder of the program on the path."""
    return [sys.executable, "-s", "-P", str(WORKER_FOLDER / program), *arguments]


def kill_tree(root: int) -> None:
    """Kill a process and everything below it, and wait for it."""
    try:
        process = psutil.Process(root)
        family = [*process.children(recursive=True), process]
    except psutil.Error:
        return
    for member in family:
        with contextlib.suppress(psutil.Error):
            member.kill()
    psutil.wait_procs(family, timeout=CLOSE_SECONDS)
