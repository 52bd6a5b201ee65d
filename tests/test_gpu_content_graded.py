"""The GPU questions of the course as they are graded, in rehearsals: the reference, the stubs, each
known mistake.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from gpu_content import ROOT

from grader.config import Course
from grader.mistakes import plant, read_mistake

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

ASSIGNMENTS = ("p2", "p4", "p5")
MISTAKES = sorted((ROOT / "reference").glob("*/mistakes/gpu_*.py"))


def rehearsed(assignment: str, submission: Path, only: str, folder: Path) -> dict[str, set[str]]:
    """Outcomes of the GPU questions' tests, by question."""
    results = folder / "results.json"
    command = ["-m", "pytest", f"assignments/{assignment}", "--gpu-rehearsal", "-k", only]
    command += [f"--submission={submission}", "--isolation=process", f"--results={results}"]
    subprocess.run(
        [sys.executable, *command, "-q", "-p", "no:cacheprovider"], cwd=ROOT, check=False, capture_output=True
    )
    told = json.loads(results.read_text(encoding="utf-8"))
    return {
        question["id"]: {test["outcome"] for test in question["tests"]} - {"not_run"}
        for question in told["questions"]
        if ".gpu_" in question["id"]
    }


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_the_reference_passes_and_the_stubs_are_not_started(assignment: str, tmp_path: Path) -> None:
    found = rehearsed(assignment, ROOT / "reference" / assignment, "gpu_", tmp_path)
    assert found
    assert set(map(frozenset, found.values())) == {frozenset({"passed"})}
    found = rehearsed(assignment, ROOT / "starter" / assignment, "gpu_", tmp_path)
    assert set(map(frozenset, found.values())) == {frozenset({"not_started"})}


@pytest.mark.parametrize("path", MISTAKES, ids=[path.stem for path in MISTAKES])
def test_a_known_mistake_fails_before_the_race(path: Path, tmp_path: Path) -> None:
    (question,) = read_mistake(path).questions
    assignment, short = question.split(".")
    submission = plant(Course(ROOT), assignment, path.stem, tmp_path / "submission")
    found = rehearsed(assignment, submission, f"{short} and not race", tmp_path)
    assert "failed" in found[question]


@pytest.mark.parametrize(
    ("assignment", "arguments"),
    [
        ("p2", ["--device", "cpu", "--parameters", "163840", "--steps", "3"]),
        ("p4", ["resnet", "--device", "cpu", "--tiny"]),
        ("p4", ["captioner", "--device", "cpu", "--tiny"]),
        ("p5", ["--device", "cpu", "--images", "600", "--width", "16"]),
    ],
)
def test_experiments_run_anywhere(assignment: str, arguments: list[str]) -> None:
    """With the reference each line has a time; with the stubs "yours" says what it needs."""
    for folder, said in (("reference", "yours"), ("starter", "needs p")):
        ran = subprocess.run(
            [sys.executable, "-m", "gpu_experiment", *arguments],
            cwd=ROOT / folder / assignment,
            env=dict(os.environ, PYTHONPATH=str(ROOT), OMP_NUM_THREADS="1"),
            capture_output=True,
            text=True,
            check=False,
        )
        assert said in ran.stdout + ran.stderr, ran.stderr
        assert "Traceback" not in ran.stderr
