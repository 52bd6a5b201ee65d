"""Runs commands in the stages of stage.py, and says which of them cannot be set up here."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import psutil
import pytest
from stage import SOMEBODY, STAGES

from grader.worker import kernel, namespaces

TESTS = Path(__file__).resolve().parent
FAST = ("root", "container", "user")  # the others take as long, and go with the long suites


def stages(fast: tuple[str, ...] = FAST, among: tuple[str, ...] = STAGES) -> list[object]:
    """Parameters for a test that runs in stages."""
    return [pytest.param(name, marks=[] if name in fast else pytest.mark.slow) for name in among]


@cache
def lacks(stage: str) -> str:
    """Why a stage cannot be set up on this machine, or nothing."""
    root = os.geteuid() == 0 and kernel.has(kernel.CAP_SYS_ADMIN)
    if root or stage == "user without namespaces":
        return ""
    if not stage.startswith("user"):
        return "only root with CAP_SYS_ADMIN can take this stage's rights away"
    failed = None if os.geteuid() == 0 else namespaces.attempt(namespaces.new_user)
    if os.geteuid() == 0:
        return "root without CAP_SYS_ADMIN cannot become another user here"
    return f"this machine has no user namespaces ({failed})" if failed else ""


def run(
    stage: str,
    *command: object,
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
    seconds: float = 240,
) -> subprocess.CompletedProcess[str]:
    """Run ``python COMMAND...`` in a stage; skips the test where there can be no such stage."""
    if reason := lacks(stage):
        pytest.skip(reason)
    line = [sys.executable, TESTS / "stage.py", stage, sys.executable, *command]
    kept = {name: text for name, text in os.environ.items() if not name.startswith(("PYTEST_", "GRADER_"))}
    return subprocess.run(
        [str(word) for word in line],
        cwd=cwd,
        env={**kept, "PYTHONDONTWRITEBYTECODE": "1", **(environment or {})},
        capture_output=True,
        encoding="utf-8",
        errors="backslashreplace",
        timeout=seconds,
        check=False,
    )


def give(folder: Path, stage: str) -> None:
    """Let everybody pass through a folder, and the user of a stage have everything in it."""
    folder.chmod(0o711)
    if os.geteuid() == 0 and stage.startswith("user"):
        for path in (folder, *folder.rglob("*")):
            os.chown(path, SOMEBODY, SOMEBODY)


def below(pid: int) -> list[psutil.Process]:
    """Every process below another one."""
    return psutil.Process(pid).children(recursive=True)
