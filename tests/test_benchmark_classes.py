"""The class of the benchmark: the mix that is stated, no two alike, the same each time."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import pytest
from benchmarks.classes import CRASHES, Made, make, otter_score, pytest_score

from grader.config import Course
from grader.submission import FileState, collect

COURSE = Course(Path(__file__).parents[1])


def digest(made: Made, folder: Path, scratch: Path) -> str:
    """Of what would be graded."""
    assignment = COURSE.assignment(made.assignment)
    run = scratch / made.name / made.assignment
    return collect(assignment, folder / made.name, run, COURSE.starter(made.assignment)).digest


def test_a_class_is_of_the_stated_mix_and_no_two_are_alike(tmp_path: Path) -> None:
    made = make(COURSE, tmp_path / "class", 80)
    for assignment in ("p1", "p2"):
        kinds = Counter(each.kind for each in made if each.assignment == assignment)
        assert kinds == {"right": 48, "wrong": 24, "crashing": 8}
        assert {
            each.what for each in made if (each.assignment, each.kind) == (assignment, "crashing")
        } == set(CRASHES)
    assert len({digest(each, tmp_path / "class", tmp_path / "run") for each in made}) == len(made) == 160
    assert len(list((tmp_path / "class").iterdir())) == 80


def test_the_same_numbers_make_the_same_bytes(tmp_path: Path) -> None:
    first, again, other = (
        make(COURSE, tmp_path / name, 12, seed=seed) for name, seed in (("a", 1), ("b", 1), ("c", 2))
    )
    files = {path.relative_to(tmp_path / "a"): path.read_bytes() for path in (tmp_path / "a").rglob("*.py")}
    assert first == again != other
    assert len(files) >= 12 * 4
    assert files == {
        path.relative_to(tmp_path / "b"): path.read_bytes() for path in (tmp_path / "b").rglob("*.py")
    }


def test_each_way_to_crash_is_what_it_says(tmp_path: Path) -> None:
    made = make(COURSE, tmp_path / "class", 80, assignments=["p1"])
    for each in made:
        assignment = COURSE.assignment("p1")
        taken = collect(
            assignment, tmp_path / "class" / each.name, tmp_path / each.name, COURSE.starter("p1")
        )
        states = [file.state for file in taken.files]
        assert states == [FileState.MISNAMED if each.what == "misnamed" else FileState.OK, FileState.OK]
        if states[0] is FileState.OK:
            text = (tmp_path / each.name / taken.files[0].name).read_text(encoding="utf-8")
            try:
                body = ast.parse(text).body
            except SyntaxError:
                assert each.what == "syntax error"
            else:
                assert each.what != "syntax error"
                assert bool(body) == (each.what != "empty")


@pytest.mark.parametrize(
    ("content", "score"),
    [
        (None, None),
        (b"", None),
        (b'{"state": "running", "score": 0.0}', None),
        (b'{"state": "finished", "score": 36.0}', 36.0),
    ],
)
def test_a_run_that_was_ended_has_no_score(
    content: bytes | None, score: float | None, tmp_path: Path
) -> None:
    results = tmp_path / "results.json"
    if content is not None:
        results.write_bytes(content)
    assert pytest_score(results) == score


def test_otter_has_a_score_in_rows(tmp_path: Path) -> None:
    results = tmp_path / "results.json"
    assert otter_score(results) is None
    results.write_text('{"tests": [{"score": 4.8}, {"score": 1.2}]}')
    assert otter_score(results) == 6.0
