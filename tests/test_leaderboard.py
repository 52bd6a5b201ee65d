"""A measured figure of a hidden test stands on Gradescope's leaderboard."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from grader.config import Course
from grader.gate_file import write_gates
from grader.thresholds import Circumstances, Figures, calibrated

GATE = """

[gates."q1.half"]
measure = "nearness"
wrong = []
seeds = 60
"""
TEST = '''

@graded("q1.half", points=0, rung="edges")
def test_nearness_{kind}(gate, student):
    """half is near a half."""
    gate("q1.half").judge(student)
'''


@pytest.fixture
def course(small_course: Course) -> Course:
    """The small course with a gate on q1.half that a public and a hidden test use."""
    folder = small_course.root / "assignments/q1"
    with (folder / "assignment.toml").open("a") as file:
        file.write(GATE)
    values = np.random.default_rng(5).normal(0.975, 0.003, size=60)
    about = Circumstances("nearness", "cpu", "2026-01-01", {})
    write_gates(folder / "gates.toml", {"q1.half": calibrated(Figures(list(values)), {}, about)})
    (folder / "measure.py").write_text(
        "def nearness(subject, bench, seed):\n    return 1.0 - abs(subject.halves.half(1.9) - 1.0)\n"
    )
    for kind in ("public", "hidden"):
        with (folder / f"test_{kind}.py").open("a") as file:
            file.write(TEST.format(kind=kind))
    (folder / "points.toml").unlink()  # the table is then what was collected
    return small_course


def graded(course: Course, source: str, *more: str) -> list[dict[str, object]]:
    """The leaderboard of a run on halves.py with this text; empty if there is none."""
    folder, target = course.root / "handed", course.root / "results.json"
    folder.mkdir()
    (folder / "halves.py").write_text(source)
    run = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", str(course.root / "assignments/q1"), "-q", *more),
            *("-p", "no:cacheprovider", "--isolation=process", f"--submission={folder}"),
            f"--gradescope={target}",
        ],
        cwd=course.root,
        env={**os.environ, "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert target.is_file(), run.stdout + run.stderr
    return list(json.loads(target.read_text()).get("leaderboard", []))


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    ("factor", "value"),
    [
        pytest.param(2.0, 0.95),
        pytest.param(4.0, 0.475, marks=pytest.mark.slow),
        pytest.param(1.9, 1.0, marks=pytest.mark.slow),
    ],
)
def test_what_was_measured_is_ranked(course: Course, factor: float, value: float) -> None:
    """Passed (1.0), asked twice more (0.95 lies below the mark), failed."""
    found = graded(course, f"def half(number: float) -> float:\n    return number / {factor}\n")
    assert found == [{"name": "q1.half Half of a number", "value": value, "order": "desc"}]


@pytest.mark.timeout(60)
def test_public_tests_and_those_that_were_not_run_rank_nothing(course: Course) -> None:
    """Anybody can choose the seed of a public test."""
    source = "def half(number: float) -> float:\n    return number / 2\n"
    assert graded(course, source, "-k", "test_nearness_public") == []


@pytest.mark.slow
@pytest.mark.timeout(60)
def test_code_that_fails_is_not_ranked(course: Course) -> None:
    assert graded(course, "def half(number: float) -> float:\n    raise ValueError(number)\n") == []
