"""What the tests of the engine share: a small course of their own, in a folder of the test's own."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from grader.config import Course

ROOT = Path(__file__).parents[1]

# Courses to be graded by tests, in a run of their own.
collect_ignore = ["course", "small_course"]


@pytest.fixture
def small_course(tmp_path: Path) -> Course:
    """A copy of tests/small_course with one assignment, q1; it has what a release of it needs."""
    folder = tmp_path / "course"
    shutil.copytree(ROOT / "tests" / "small_course", folder)
    for file in ("pyproject.toml", "constraints.txt", "README.md", "LICENSE"):
        shutil.copy(ROOT / file, folder / file)
    return Course(folder)
