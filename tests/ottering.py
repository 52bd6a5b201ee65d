"""Grades submissions with the real Otter, in both of its ways in, and with pytest alone, to be compared."""

from __future__ import annotations

import importlib.util
import json
import os
import pickle
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from grader.config import Course
from grader.otter.layout import COURSE

ROOT = Path(__file__).parents[1]
SECONDS = 240  # that one grading may take on a slow, loaded machine
NEEDS_OTTER = pytest.mark.skipif(
    importlib.util.find_spec("otter") is None, reason="the extra `otter` is not installed"
)
# Two gradings, each with workers, and Otter's kernel.
REAL_RUN = pytest.mark.timeout(2 * SECONDS)


@dataclass(frozen=True)
class Answer:
    """What Otter leaves.

    :param document: results.json.
    :param results: Otter's GradingResults, as it pickles them.
    """

    status: int
    said: str
    document: dict[str, Any]
    results: Any

    @property
    def points(self) -> dict[str, float]:
        """Points of each question, by the rows of results.json."""
        points: dict[str, float] = {}
        for row in self.document["tests"]:
            question = row["name"].partition(":")[0]
            points[question] = round(points.get(question, 0.0) + row["score"], 6)
        return points


def whole_course(folder: Path) -> Course:
    """A copy of tests/small_course with what an autograder of it needs."""
    shutil.copytree(ROOT / "tests" / "small_course", folder)
    for file in ("pyproject.toml", "constraints.txt", "README.md", "LICENSE"):
        shutil.copy(ROOT / file, folder / file)
    return Course(folder)


def packed(path: Path, files: Mapping[str, str | bytes]) -> Path:
    """A submission as Otter takes it: a zip."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def otter_run(submission: Path, autograder: Path, out: Path, *options: str) -> Answer:
    """``otter run``, as an instructor types it, in a folder of its own."""
    out.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "otter", "run", str(submission), "-a", str(autograder), "-p", *options]
    done = subprocess.run(
        command,
        cwd=out,
        env={**environment(), "HOME": str(out)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
    )
    return _answer(done, out)


def run_autograder(root: Path, python: str = sys.executable) -> Answer:
    """What Gradescope and the container of ``otter grade`` call, in a folder like their ``/autograder``."""
    chosen = {"AUTOGRADER_ROOT": str(root), "GRADER_PYTHON": python}
    done = subprocess.run(
        ["bash", str(root / "source" / "run_autograder")],
        cwd=root / "submission",  # the least safe place to be called from
        env={"PATH": os.environ["PATH"], **chosen},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
    )
    return _answer(done, root / "results")


def unpacked(autograder: Path, root: Path) -> Path:
    """The platform's folder after setup.sh has run, with an empty submission."""
    (root / "submission").mkdir(parents=True)
    for archive in (autograder, root / "source" / COURSE):
        with zipfile.ZipFile(archive) as zipped:
            zipped.extractall(root / "source")
    (root / "submission_metadata.json").touch()  # `otter grade` leaves it empty
    return root


def pytest_points(course: Path, assignment: str, submission: Path, scratch: Path) -> dict[str, float]:
    """Points of each question by pytest alone."""
    results = scratch / "alone.json"
    command = [sys.executable, "-m", "pytest", str(course / "assignments" / assignment), "-q"]
    command += ["--rootdir", str(course), "-c", str(course / "pyproject.toml"), "-p", "no:cacheprovider"]
    command += [f"--submission={submission}", f"--results={results}"]
    done = subprocess.run(
        command, cwd=scratch, env=environment(), capture_output=True, text=True, timeout=SECONDS
    )
    assert results.is_file(), done.stdout + done.stderr
    said = json.loads(results.read_bytes())
    assert said["complete"], done.stdout
    return {question["id"]: question["points"] for question in said["questions"]}


def environment() -> dict[str, str]:
    """Ours, without what a run of tests adds."""
    return {name: value for name, value in os.environ.items() if name != "GRADER_SECRET_FILE"}


def _answer(done: subprocess.CompletedProcess[str], folder: Path) -> Answer:
    document = folder / "results.json"
    pickled = folder / "results.pkl"
    return Answer(
        done.returncode,
        done.stdout,
        json.loads(document.read_bytes()) if document.is_file() else {},
        pickle.loads(pickled.read_bytes()) if pickled.is_file() else None,
    )
