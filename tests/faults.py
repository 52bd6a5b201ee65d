"""Injects faults into runs on copies of tests/small_course, and puts a run into another user's place."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from unittest import mock

import msgspec
import support

from grader.results import json_file

SMALL = support.TESTS / "small_course"
TESTS = (
    "test_half_gives_a_number",
    "test_half_repeated",
    "test_half_of_random_numbers",
    "test_mean_document_numbers",
    "test_mean_of_random_lists",
)
NOT_RUN = dict.fromkeys(TESTS, "not_run")
FINE = dict.fromkeys(TESTS, "passed")
BROKEN = dict.fromkeys(TESTS, "grader_error")


def course(into: Path) -> Path:
    """A copy of the small course, which the test may damage."""
    return Path(shutil.copytree(SMALL, into, ignore=shutil.ignore_patterns("__pycache__")))


def submission(into: Path, content: str | None = None, *, more: str = "") -> Path:
    """The right answers, or another content of the one file, and some lines after it."""
    into.mkdir(parents=True, exist_ok=True)
    right = (SMALL / "reference" / "q1" / "halves.py").read_text(encoding="utf-8")
    (into / "halves.py").write_text((right if content is None else content) + more, encoding="utf-8")
    return into


def grade(
    home: Path,
    *arguments: object,
    plugin: str = "",
    wrap: Callable[[list[str]], list[str]] = lambda line: line,
    read: bool = True,
    **more: Any,
) -> support.Graded:
    """Grade, in ``home``, its ``course`` (made if it is not there); what it left is valid, or this raises.

    :param plugin: source of a pytest plugin of the run, which injects the fault.
    :param wrap: changes the command of the run.
    :param read: False leaves the results files to the test.
    :param more: for ``support.grade``.
    """
    place = home / "course"
    if not place.exists():
        course(place)
    handed_in = more.pop("submission", None) or submission(home / "handed in")
    extra: dict[str, str] = dict(more.pop("extra", {}))
    if plugin:
        (home / "fault.py").write_text(plugin, encoding="utf-8")
        extra["PYTHONPATH"] = os.pathsep.join([str(home), os.environ.get("PYTHONPATH", "")])
        arguments = ("-p", "fault", *arguments)
    folder = more.pop("folder", home)
    plain = support.command

    def command(target: Path | str, *rest: object) -> list[str]:
        return wrap(plain(target, *rest))

    reads = {} if read else {"read_results": lambda path: {}, "read_gradescope": lambda path: {}}
    with mock.patch.multiple(support, command=command, **reads):
        run = support.grade(place, handed_in, *arguments, folder=folder, extra=extra, **more)
    check(folder / "results.json")
    return run


def check(path: Path) -> None:
    """A results file, where there is one, is one that the grader itself reads back whole."""
    if path.is_file():
        data = path.read_bytes()
        assert msgspec.to_builtins(json_file.parse(data)) == msgspec.json.decode(data)


def outcomes(results: Mapping[str, Any]) -> dict[str, str]:
    """The outcome of each test, by its function's name."""
    tests = [test for question in results["questions"] for test in question["tests"]]
    return {test["name"].rpartition("::")[2]: test["outcome"] for test in tests}


def problems(run: support.Graded) -> str:
    """What the result says beside its questions."""
    return " ".join(run.results["problems"])


@contextlib.contextmanager
def small_disk(at: Path, size: int) -> Iterator[Callable[[list[str]], list[str]]]:
    """A file system of ``size`` bytes at ``at``, and what to put before a command that is to meet its end.

    Where nobody may mount, the command may not write more than that into any one file: the same errors of the
    same calls, by another number.
    """
    at.mkdir(parents=True, exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(at)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        yield lambda line: ["prlimit", f"--fsize={size}", *line]
        return
    try:
        yield lambda line: line
    finally:
        subprocess.run(["umount", str(at)], check=True)


def ordinary(line: list[str]) -> list[str]:
    """The same command by a user who may read everything and writes where modes let him: root heeds none."""
    if os.geteuid():
        return line
    only = "dac_read_search"  # the interpreter may lie where root alone can look
    return [
        *("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", f"--inh-caps=-all,+{only}"),
        *(f"--ambient-caps=-all,+{only}", f"--bounding-set=-all,+{only}", "--no-new-privs", *line),
    ]


def none_left(own: Path, seconds: float = 30.0) -> None:
    """No process of a run is there any more, after some patience."""
    stop = time.monotonic() + seconds
    while left := support.left_behind(own):
        assert time.monotonic() < stop, left
        time.sleep(0.05)
