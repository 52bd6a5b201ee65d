"""A part of an assignment is graded as if there were no others."""

from __future__ import annotations

from pathlib import Path

import pytest
import support

from grader.config import ConfigError, load_assignment
from grader.points import read_points

pytestmark = pytest.mark.timeout(300)

PARTS = """
[parts.first]
title = "Numbers"
files = ["half.py", "double.py", "count.py"]

[parts.second]
title = "The rest"
files = ["kinds.py", "step.py", "last.py"]
"""
FIRST = {"q1.half": 20, "q1.double": 20, "q1.count": 16}
CONFIG = "assignments/q1/assignment.toml"


@pytest.fixture
def course(tmp_path: Path) -> Path:
    folder = support.copy_course(tmp_path / "c")
    divide(folder, PARTS)
    return folder


def divide(course: Path, parts: str) -> None:
    path = course / CONFIG
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("\n[limits]", f"{parts}\n[limits]"), encoding="utf-8")


# -- what an assignment says


def test_a_part_has_its_own_files_and_questions(course: Path) -> None:
    whole = load_assignment(course / "assignments/q1")
    part = whole.only("first")
    assert (part.id, part.part, part.title) == ("q1", "first", "Numbers")
    assert part.files == ["half.py", "double.py", "count.py"]
    assert set(part.questions) == set(FIRST)
    assert (part.given, part.limits) == (whole.given, whole.limits)
    assert whole.part == ""
    assert set(part.questions) | set(whole.only("second").questions) == set(whole.questions)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('"last.py"]', '"lost.py"]', "parts.second.files[2]: 'lost.py' is not among `files`"),
        (
            '"last.py"]',
            '"last.py", "half.py"]',
            "parts.second.files[3]: 'half.py' belongs to 'first' already",
        ),
        (', "last.py"]', "]", "parts: 'last.py' belongs to no part"),
        ('"last.py"]', '"last.py"]\n[parts.third]\ntitle = "x"\nfiles = []', "parts.third.files: expected"),
        ('title = "The rest"', 'titel = "x"', "parts.second.titel: unknown key"),
    ],
)
def test_what_is_wrong_with_the_parts_is_said(tmp_path: Path, old: str, new: str, says: str) -> None:
    course = support.copy_course(tmp_path / "c")
    assert PARTS.count(old) == 1
    divide(course, PARTS.replace(old, new))
    with pytest.raises(ConfigError) as caught:
        load_assignment(course / "assignments/q1")
    assert says in str(caught.value)


def test_a_part_that_asks_nothing_is_refused(tmp_path: Path) -> None:
    course = support.copy_course(tmp_path / "c")
    path = course / CONFIG
    path.write_text(path.read_text().replace('"last.py"]', '"last.py", "extra.py"]'))
    divide(course, PARTS + '\n[parts.third]\ntitle = "x"\nfiles = ["extra.py"]\n')
    with pytest.raises(ConfigError, match=r"parts.third: no question is answered in its files"):
        load_assignment(course / "assignments/q1")


# -- grading one


def test_the_other_questions_are_outside_the_maximum(tmp_path: Path, course: Path) -> None:
    submission = support.submit(tmp_path / "s", {"kinds.py": None, "step.py": None, "last.py": None})
    run = support.grade(course, submission, "--part", "first", folder=tmp_path)
    assert run.status == support.PASSED, run.said
    assert run.points == FIRST
    assert (run.results["score"], run.results["max_score"]) == (56, 56)
    assert (run.results["complete"], run.results["part"]) == (True, "first")
    assert run.results["problems"] == []
    assert [file["name"] for file in run.results["submission"]["files"]] == load_assignment(
        course / "assignments/q1"
    ).only("first").files
    assert run.gradescope["score"] == 56
    assert sum(test["max_score"] for test in run.gradescope["tests"]) == pytest.approx(56)
    assert "q1, part first: Numbers" in run.out
    assert "56 / 56" in run.out


@pytest.mark.slow
def test_a_file_of_the_part_that_is_missing_still_costs(tmp_path: Path, course: Path) -> None:
    submission = support.submit(tmp_path / "s", {"count.py": None})
    run = support.grade(course, submission, "--part", "first", folder=tmp_path)
    assert run.points == {**FIRST, "q1.count": 0}
    assert (run.results["score"], run.results["max_score"]) == (40, 56)


@pytest.mark.slow
def test_the_parts_together_are_the_whole(tmp_path: Path, course: Path) -> None:
    submission = support.submit(tmp_path / "s", {"step.py": "def step(\n"})
    points: dict[str, float] = {}
    for part in ("first", "second"):
        points |= support.grade(course, submission, "--part", part, folder=tmp_path / part).points
    assert points == support.grade(course, submission, folder=tmp_path / "whole").points


@pytest.mark.slow
def test_a_part_runs_in_two_processes_as_in_one(tmp_path: Path, course: Path) -> None:
    submission = support.submit(tmp_path / "s", {"half.py": "def half(x):\n    return x / 4\n"})
    run = support.grade(course, submission, "--part", "first", "-n", "2", folder=tmp_path)
    assert run.points == {**FIRST, "q1.half": 0}, run.said
    assert (run.results["max_score"], run.results["complete"]) == (56, True)


@pytest.mark.slow
def test_the_table_of_points_is_still_compared(tmp_path: Path, course: Path) -> None:
    """What the run does not grade is no reason to call the table old; what it grades is."""
    path = course / "assignments/q1/points.toml"
    assert any(plan.question == "q1.half" for plan in read_points(path))
    path.write_text(path.read_text().replace("half of the handout's number.", "An old title."))
    submission = support.submit(tmp_path / "s")
    problems = {
        part: support.grade(course, submission, "--part", part, folder=tmp_path / part).results["problems"]
        for part in ("first", "second")
    }
    assert problems["second"] == []
    assert "points.toml is not current" in problems["first"][0]


@pytest.mark.parametrize(
    ("parts", "asked", "says"),
    [
        (PARTS, "third", "q1 has no part 'third'; its parts are: first, second"),
        ("", "first", "q1 has no part 'first'; it has no parts"),
    ],
)
def test_a_part_that_is_not_there_is_a_usage_error(tmp_path: Path, parts: str, asked: str, says: str) -> None:
    course = support.copy_course(tmp_path / "c")
    divide(course, parts)
    run = support.grade(course, support.submit(tmp_path / "s"), "--part", asked, folder=tmp_path)
    assert run.status == support.USAGE
    assert says in run.err
    assert (run.results["state"], run.results["complete"]) == ("stopped", False)
    assert any(says in problem for problem in run.results["problems"])


# -- a new process of the same submission

COUNTING = """
asked = 0

def last(values):
    global asked
    asked += 1
    return asked
"""

RELAY = '''

@graded("q1.last", points=0, rung="edges")
def test_relay(student):
    """Two processes."""
    said = [student.last.last(["first"]), student.anew().last.last(["second"]), student.last.last(["third"])]
    assert_same(said, [1, 1, 2], "how often each process was asked")
'''


@pytest.mark.parametrize("launcher", ["zygote", "fresh"])
def test_a_new_process_knows_nothing_of_the_first(tmp_path: Path, course: Path, launcher: str) -> None:
    (course / "assignments/q1/points.toml").unlink()
    path = course / "assignments/q1/test_public.py"
    path.write_text(path.read_text() + RELAY)
    submission = support.submit(tmp_path / "s", {"last.py": COUNTING})
    target = "assignments/q1/test_public.py::test_relay"
    run = support.grade(
        course, submission, "--launcher", launcher, "-rA", folder=tmp_path, target=target, cwd=course
    )
    assert run.status == support.PASSED, run.said
    assert support.left_behind(run.own) == []
