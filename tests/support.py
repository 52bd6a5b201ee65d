"""Grades made-up submissions as a user does: pytest in a process of its own, and what it leaves is checked.

The course is ``tests/course``: one assignment, q1, of six one-line functions in six files, so that one run
can hold six kinds of trouble. Tests work on a copy of it, which they may damage.
"""

from __future__ import annotations

import json
import math
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jsonschema
import psutil

TESTS = Path(__file__).parent
COURSE = TESTS / "course"
SCHEMA = json.loads((TESTS.parent / "grader/schemas/result-1.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema.validators.validator_for(SCHEMA)(SCHEMA)  # made once: that takes longest
# The platform's own fields and words (its documentation, 2025-01): others make it refuse the file.
GRADESCOPE = jsonschema.Draft202012Validator(
    json.loads((TESTS / "gradescope/results.schema.json").read_bytes())
)

FILES = ("half.py", "double.py", "count.py", "kinds.py", "step.py", "last.py")
POINTS = {"q1.half": 20, "q1.double": 20, "q1.count": 16, "q1.kinds": 8, "q1.step": 16, "q1.last": 20}
PASSED, FAILED, USAGE, GRADER_ERROR = 0, 1, 4, 3  # exit statuses

# What is not under test, and would be half of a run's time.
WITHOUT = ("-p", "no:hypothesispytest", "-p", "no:benchmark", "-p", "no:cacheprovider")


def copy_course(into: Path, *, reference: bool = True) -> Path:
    """A copy of the course; without the reference it is what a student has."""
    left_out = shutil.ignore_patterns("__pycache__", *(() if reference else ("reference", "test_hidden.py")))
    return Path(shutil.copytree(COURSE, into, ignore=left_out))


def submit(
    folder: Path, files: Mapping[str, str | bytes | None] | None = None, *, base: str = "reference"
) -> Path:
    """Write a submission: right answers (or untouched stubs), some files replaced or, by None, left out."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        shutil.copy(COURSE / base / "q1" / name, folder / name)
    for name, content in (files or {}).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if content is None:
            path.unlink()
        elif isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_text(content, encoding="utf-8", newline="\n")
    return folder


@dataclass(frozen=True)
class Graded:
    """What a run left.

    :param results: the instructor's JSON, checked against its schema.
    :param gradescope: results.json, its fields checked.
    :param own: the run's TMPDIR: whatever is in it afterwards is litter, whoever names it belongs to the run.
    """

    status: int
    out: str
    err: str
    results: dict[str, Any] = field(repr=False)
    gradescope: dict[str, Any] = field(repr=False)
    own: Path

    def question(self, name: str) -> dict[str, Any]:
        """A question's result, by its id or the part after the dot."""
        return next(each for each in self.results["questions"] if each["id"] in (name, f"q1.{name}"))

    def test(self, name: str) -> dict[str, Any]:
        """A test's result, by its function's name."""
        tests = [test for question in self.results["questions"] for test in question["tests"]]
        return next(test for test in tests if test["name"].endswith(f"::{name}"))

    @property
    def points(self) -> dict[str, float]:
        return {question["id"]: question["points"] for question in self.results["questions"]}

    @property
    def said(self) -> str:
        """Everything that stands on the terminal, for a failing test."""
        return f"status {self.status}\n{self.out}\n{self.err}"


def heed_signals() -> None:
    """For a new process: a shell's background jobs ignore Ctrl-C, those of nohup a closed terminal, and so
    would what they start."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def command(target: Path | str, *arguments: object) -> list[str]:
    """The command line of a grading run."""
    return [sys.executable, "-m", "pytest", str(target), *map(str, arguments)]


def environment(own: Path, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a grading run: this one's, without what would change it."""
    kept = {
        name: text for name, text in os.environ.items() if not name.startswith(("PYTEST_", "GRADER_", "COV_"))
    }
    return {**kept, "TMPDIR": str(own), **(extra or {})}


def grade(
    course: Path,
    submission: Path | None,
    *arguments: object,
    folder: Path,
    cwd: Path | None = None,
    target: str = "assignments/q1",
    seconds: float = 240,
    extra: Mapping[str, str] | None = None,
    typed: str = "",
) -> Graded:
    """Grade a submission and check the files that come of it.

    :param folder: where results and temporary files go.
    :param typed: what somebody types at a prompt.
    """
    own = folder / "tmp"
    own.mkdir(parents=True, exist_ok=True)
    results, gradescope = folder / "results.json", folder / "gradescope.json"
    line = command(course / target, *WITHOUT, "--results", results, "--gradescope", gradescope, *arguments)
    if submission is not None:
        line += ["--submission", str(submission)]
    done = subprocess.run(
        line,
        cwd=cwd or folder,
        env=environment(own, extra),
        input=typed,
        capture_output=True,
        encoding="utf-8",
        errors="backslashreplace",
        timeout=seconds,
    )
    return Graded(
        done.returncode,
        done.stdout,
        done.stderr,
        read_results(results) if results.exists() else {},
        read_gradescope(gradescope) if gradescope.exists() else {},
        own,
    )


def read_results(path: Path) -> dict[str, Any]:
    """The instructor's JSON; whatever is wrong with it raises."""
    found: dict[str, Any] = json.loads(path.read_bytes(), parse_constant=_no_constant)
    VALIDATOR.validate(found)
    for total, part in (("score", "points"), ("max_score", "max_points")):
        assert math.isclose(
            found[total], math.fsum(question[part] for question in found["questions"]), abs_tol=1e-6
        )
    for question in found["questions"]:
        assert 0 <= question["points"] <= question["max_points"]
    assert not re.search(r"\\u00[01189]", json.dumps(found))  # control characters, as JSON writes them
    return found


TEXT_FIELDS = {"output_format", "test_output_format", "test_name_format", "name_format"}


def read_gradescope(path: Path) -> dict[str, Any]:
    """Gradescope's results.json; whatever the platform would not take raises."""
    found: dict[str, Any] = json.loads(path.read_bytes(), parse_constant=_no_constant)
    GRADESCOPE.validate(found)
    assert found["stdout_visibility"] == "hidden"
    for part in (found, *found["tests"]):
        formats = {key: part[key] for key in TEXT_FIELDS & set(part)}
        if formats.get("output_format") == "html":  # pictures; other markup is escaped
            del formats["output_format"]
            assert set(re.findall(r"</?(\w+)", part["output"])) <= {"pre", "figure", "img", "figcaption"}
        assert set(formats.values()) <= {"text"}
    for test in found["tests"]:
        assert test["score"] <= test["max_score"]
    assert '"seed' not in json.dumps(found)
    assert not re.search(r"\\u00[01189]", json.dumps(found))
    return found


def _no_constant(text: str) -> float:
    raise ValueError(f"{text} is not JSON")


def litter(own: Path) -> list[str]:
    """What lies in a run's TMPDIR, pytest's own folder aside."""
    return sorted(path.name for path in own.iterdir() if not path.name.startswith("pytest-of-"))


def left_behind(own: Path) -> list[str]:
    """Command lines of processes that belong to a run: their environment or folder lies in its TMPDIR.

    A worker is a fork of a zygote whose HOME is there; a child keeps that, or its working directory.
    """
    found = []
    for process in psutil.process_iter():
        try:
            places = [*process.environ().values(), process.cwd()]
            if process.status() != psutil.STATUS_ZOMBIE and any(str(own) in place for place in places):
                found.append(f"{process.pid} {' '.join(process.cmdline())}")
        except psutil.Error:
            continue
    return found
