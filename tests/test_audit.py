"""The assignments audited through the real path: what must earn nothing, and what must change with the seed.

What known solutions earn is the business of ``grader regress``.

Takes minutes: run by ``tox -e slow`` and before anything of an assignment is released.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from grader.config import Course
from grader.points import read_points

ROOT = Path(__file__).parents[1]
COURSE = Course(ROOT)
ASSIGNMENTS = COURSE.assignments()
TRAINS = {"p3.predict", "p5.cure"}  # beside the questions with a gate
# Where nothing is the right answer: ln 1, and counts of what a loop should not keep or do twice. The counts
# come from a bench, beside others in the same test that are not zero for anybody who trains.
NOTHING_IS_RIGHT = {
    "test_hidden_debugging.py::test_chance_loss_edges",
    "test_hidden_debugging_loop.py::test_speed_memory",
    "test_public_debugging.py::test_speed_nothing_kept",
    "test_public_debugging.py::test_speed_one_of_each",
}
TIMES = {"seconds", "cpu_seconds"}

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def grade(
    assignment: str, submission: Path, tmp_path: Path, *options: str, answers: str = "", seed: int = 0
) -> dict[str, Any]:
    """One run in a process of its own; its result."""
    results = tmp_path / f"{assignment}-{seed}-{Path(answers).stem}.json"
    command = [sys.executable, "-m", "pytest", str(ROOT / "assignments" / assignment), "-q"]
    command += ["-p", "no:cacheprovider", "--submission", str(submission), "--results", str(results)]
    command += [f"--grading-seed={seed}", *options]
    environment = dict(os.environ)
    if answers:
        command += ["-p", "answers"]
        environment |= {"ANSWERS": answers, "PYTHONPATH": str(ROOT / "tests" / "plugins")}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=ROOT)
    assert results.is_file(), done.stdout + done.stderr
    return json.loads(results.read_text())


def training(assignment: str) -> list[str]:
    """Options that leave the training runs out: a mistake that they do not concern need not wait for them."""
    gated = TRAINS | set(COURSE.assignment(assignment).gates)
    tests = read_points(COURSE.assignment(assignment).points_path)
    return [f"--deselect=assignments/{assignment}/{test.test}" for test in tests if test.question in gated]


@pytest.mark.parametrize("answers", ["zeros", "inputs"])
@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_answers_that_take_no_work_earn_nothing(assignment, answers, tmp_path):
    """Zeros and empty sets, or the numbers of the question itself: a tolerance or a case that lets them pass
    is no test."""
    result = grade(assignment, ROOT / "reference", tmp_path, *training(assignment), answers=answers)
    paid = {
        test["name"]: test["points"]
        for question in result["questions"]
        for test in question["tests"]
        if test["points"] and test["name"] not in NOTHING_IS_RIGHT
    }
    assert paid == {}


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_evidence_depends_on_the_seed(assignment, tmp_path):
    """Questions and answers change with the seed, but for questions with one constant answer."""
    said = []
    for seed in (1, 2):
        file = tmp_path / f"answers-{seed}.json"
        grade(assignment, ROOT / "reference", tmp_path, *training(assignment), answers=str(file), seed=seed)
        said.append(json.loads(file.read_text()))
    hidden = [
        test
        for test in read_points(COURSE.assignment(assignment).points_path)
        if test.visibility != "visible"
    ]
    constant = {test.question for test in hidden} - {
        test.question for test in hidden if test.rung != "closed"
    }
    changed = {
        name.split()[0] for name in said[0] if "test_hidden" in name and said[0][name] != said[1].get(name)
    }
    asked = {name.split()[0] for name in said[0] if "test_hidden" in name}
    assert asked - constant - changed == set()


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_the_same_seed_gives_the_same_result(assignment, tmp_path):
    """Two runs on the reference agree in everything but time."""

    def timeless(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: timeless(item) for key, item in value.items() if key not in TIMES}
        return [timeless(item) for item in value] if isinstance(value, list) else value

    first, second = (grade(assignment, ROOT / "reference", tmp_path, seed=7) for _ in range(2))
    assert first["score"] == first["max_score"] == 100
    assert timeless(first) == timeless(second)
