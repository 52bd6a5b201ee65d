"""Scores by Otter equal those by pytest, question for question, for every kind of submission."""

from __future__ import annotations

from pathlib import Path

import pytest
from notebook_files import code, filled, notebook, saved
from ottering import (
    NEEDS_OTTER,
    ROOT,
    SECONDS,
    otter_run,
    packed,
    pytest_points,
    run_autograder,
    unpacked,
    whole_course,
)

from grader.cells import marker
from grader.config import Course
from grader.mistakes import plant
from grader.release.otter import build_otter

pytestmark = [NEEDS_OTTER, pytest.mark.timeout(4 * SECONDS)]
slow = pytest.mark.slow

HALF = "def half(number):\n    return number / 2\n\n"
MEAN = "def mean(numbers):\n    return sum(numbers) / len(numbers)\n"
# kind of submission -> halves.py, and the points of its two questions.
TABLE = {
    "good": (HALF + MEAN, 50, 50),
    "partial": (HALF + "def mean(numbers):\n    return sum(numbers) / (len(numbers) - 1)\n", 50, 0),
    "raises": (HALF + "def mean(numbers):\n    raise RuntimeError('passed')\n", 50, 0),
    "crash": (HALF + "def mean(numbers):\n    import os\n    os.abort()\n", 50, 0),
    "loop": (HALF + "def mean(numbers):\n    while True:\n        pass\n", 50, 0),
    "syntax error": (HALF + "def mean(numbers:\n", 0, 0),
    "ends the process": (HALF + MEAN + "import os\nos._exit(0)\n", 0, 0),
    "kills whoever is above it": (HALF + MEAN + "import os\nos.kill(os.getppid(), 9)\n", 0, 0),
    "prints a result": (
        HALF + "print('{\"score\": 100}', flush=True)\ndef mean(numbers):\n    return 1\n",
        50,
        0,
    ),
}
# These go with every run of the tests, by `otter run` alone; that the table is pytest's takes longer.
OFTEN = ("partial", "kills whoever is above it")
# The same in cells: what stands before the line that fails, and in other cells, counts.
IN_CELLS = {"syntax error": [50, 0], "kills whoever is above it": [50, 50]}


@pytest.fixture(scope="module")
def course(tmp_path_factory) -> Course:
    course = whole_course(tmp_path_factory.mktemp("course") / "course")
    settings = course.root / "pyproject.toml"
    text = settings.read_text()
    assert "\ntimeout = 20\n" in text
    settings.write_text(text.replace("\ntimeout = 20\n", "\ntimeout = 4\n"))  # the loop is to end soon
    return course


@pytest.fixture(scope="module")
def autograder(course, tmp_path_factory) -> Path:
    return build_otter(course, "q1", tmp_path_factory.mktemp("out")).archive


@pytest.fixture(scope="module")
def notebook_autograder(course, tmp_path_factory) -> Path:
    return build_otter(course, "q1", tmp_path_factory.mktemp("out"), notebook=True).archive


def cell(question: str, text: str) -> str:
    """A cell of a question's code, as the handout marks it."""
    return f"{marker('halves.py', f'q1.{question}')}\n{text}"


def alone(course: Course, text: str, tmp_path: Path) -> dict[str, float]:
    """Points of each question by pytest, without Otter."""
    (tmp_path / "alone").mkdir()
    (tmp_path / "alone" / "halves.py").write_text(text)
    return pytest_points(course.root, "q1", tmp_path / "alone", tmp_path)


@pytest.mark.parametrize("kind", OFTEN)
def test_scores_are_those_of_the_table(autograder, tmp_path, kind):
    text, *points = TABLE[kind]
    run = otter_run(packed(tmp_path / "s.zip", {"halves.py": text}), autograder, tmp_path / "out")
    assert run.points == dict(zip(("q1.half", "q1.mean"), points, strict=True)), run.said


@slow
@pytest.mark.parametrize("kind", TABLE)
def test_scores_are_pytests(course, autograder, tmp_path, kind):
    text, *points = TABLE[kind]
    expected = alone(course, text, tmp_path)
    assert expected == dict(zip(("q1.half", "q1.mean"), points, strict=True))
    run = otter_run(packed(tmp_path / "s.zip", {"halves.py": text}), autograder, tmp_path / "out")
    assert run.points == expected, run.said
    assert {name: run.results.get_score(name) for name in expected} == expected


@slow
@pytest.mark.parametrize("kind", TABLE)
def test_scores_on_the_platform_are_pytests(course, autograder, tmp_path, kind):
    text, *_ = TABLE[kind]
    expected = alone(course, text, tmp_path)
    root = unpacked(autograder, tmp_path / "autograder")
    (root / "submission" / "halves.py").write_text(text)
    run = run_autograder(root)
    assert run.points == expected, run.said
    assert {name: run.results.get_score(name) for name in expected} == expected


def test_a_notebooks_scores_are_those_of_the_table(notebook_autograder, tmp_path):
    text, *points = TABLE["partial"]
    first, found, rest = text.partition("def mean")
    handed_in = saved(tmp_path / "hers.ipynb", notebook(cell("half", first), cell("mean", found + rest)))
    run = otter_run(handed_in, notebook_autograder, tmp_path / "out")
    assert list(run.points.values()) == points, run.said


@slow
@pytest.mark.parametrize("kind", TABLE)
def test_scores_of_notebooks_are_pytests(course, notebook_autograder, tmp_path, kind):
    """A cell for each of the two questions: one that fails does not take the other with it."""
    text, *points = TABLE[kind]
    first, found, rest = text.partition("def mean")
    content = notebook(cell("half", first), cell("mean", found + rest))
    (tmp_path / "alone").mkdir()
    handed_in = saved(tmp_path / "alone" / "hers.ipynb", content)
    expected = pytest_points(course.root, "q1", handed_in, tmp_path)
    assert list(expected.values()) == IN_CELLS.get(kind, points)
    run = otter_run(handed_in, notebook_autograder, tmp_path / "out")
    assert run.points == expected, run.said
    root = unpacked(notebook_autograder, tmp_path / "autograder")
    saved(root / "submission" / "hers.ipynb", content)
    platform = run_autograder(root)
    assert platform.points == expected, platform.said


@slow
def test_a_hostile_notebook_runs_nowhere_but_in_a_worker(notebook_autograder, tmp_path):
    """In a kernel of Otter's it would leave its mark; a cell's metadata would name tests of its own."""
    mark = tmp_path / "mark"
    text = f"try:\n    open({str(mark)!r}, 'w').close()\nexcept OSError:\n    pass\n"
    cells = [code(text), cell("half", text + HALF), cell("mean", MEAN)]
    tests = {"q1.half": {"name": "q1.half", "points": 1000, "suites": []}}
    content = notebook(*cells, metadata={"otter": {"OK_FORMAT": True, "tests": tests}})
    answer = otter_run(saved(tmp_path / "s" / "q1.ipynb", content), notebook_autograder, tmp_path / "out")
    assert answer.points == {"q1.half": 50, "q1.mean": 50}, answer.said
    assert not mark.exists()


@slow
@pytest.mark.parametrize("content", [b"no notebook", b"[" * 200_000, b"", b'{"cells": 1}'])
def test_what_is_no_notebook_is_told_so_where_otter_would_have_ended(notebook_autograder, tmp_path, content):
    root = unpacked(notebook_autograder, tmp_path / "autograder")
    saved(root / "submission" / "q1.ipynb", content)
    answer = run_autograder(root)
    assert answer.document["score"] == 0
    assert "q1.ipynb" in answer.document["output"]
    assert "our fault" not in answer.document["output"]


@slow
def test_a_zip_that_otter_grade_hands_over_is_not_unpacked(autograder, tmp_path):
    root = unpacked(autograder, tmp_path / "autograder")
    packed(root / "submission" / "hers.zip", {"q1/halves.py": HALF + MEAN, ".OTTER_LOG": "x"})
    answer = run_autograder(root)
    assert answer.points == {"q1.half": 50, "q1.mean": 50}, answer.said
    assert [path.name for path in (root / "submission").iterdir()] == ["hers.zip"]


@slow
def test_a_zip_of_another_ending_is_not_unpacked_by_otter_run(autograder, tmp_path):
    """So it may hold what Otter would refuse: modules, and the notebook that was handed out beside them."""
    files = {"halves.py": HALF + MEAN, "q1.ipynb": notebook("1"), "more.ipynb": "", ".OTTER_LOG": "x"}
    answer = otter_run(packed(tmp_path / "hers.handed-in", files), autograder, tmp_path / "out")
    assert answer.points == {"q1.half": 50, "q1.mean": 50}, answer.said


@slow
def test_an_empty_submission_is_told_what_to_hand_in(autograder, tmp_path):
    answer = run_autograder(unpacked(autograder, tmp_path / "autograder"))
    assert answer.document["score"] == 0
    assert "halves.py" in answer.document["output"]
    assert "our fault" not in answer.document["output"]


@slow
@pytest.mark.parametrize(("assignment", "mistake"), [("p1", "no_relu_mask"), ("p5", "")])
def test_real_assignments(tmp_path, assignment, mistake):
    course = Course(ROOT)
    folder = course.reference(assignment)
    if mistake:
        folder = plant(course, assignment, mistake, tmp_path / "planted")
    built = build_otter(course, assignment, tmp_path / "out", minutes=40)
    names = course.assignment(assignment).files
    files = {name: (folder / name).read_bytes() for name in names if (folder / name).is_file()}
    alone = tmp_path / "alone"
    alone.mkdir()
    for name, content in files.items():
        (alone / name).write_bytes(content)
    answer = otter_run(packed(tmp_path / "s.zip", files), built.archive, tmp_path / "run")
    expected = pytest_points(course.root, assignment, alone, tmp_path)
    assert answer.points == expected, answer.said
    assert (sum(expected.values()) < 100) == bool(mistake)


@slow
def test_a_real_notebook(tmp_path):
    course = Course(ROOT)
    built = build_otter(course, "p5", tmp_path / "out", notebook=True, minutes=40)
    submission = saved(tmp_path / "s" / "p5.ipynb", filled(course, "p5"))
    answer = otter_run(submission, built.archive, tmp_path / "run")
    assert answer.document["score"] == 100, answer.said


@slow
def test_a_part_is_graded_as_if_there_were_no_other(tmp_path):
    course = Course(ROOT)
    built = build_otter(course, "p4", tmp_path / "out", part="captioning")
    assert built.archive.name == "otter-p4-captioning.zip"
    part = course.assignment("p4").only("captioning")
    starter = course.starter("p4")
    files = {name: (starter / name).read_bytes() for name in part.files}
    answer = otter_run(packed(tmp_path / "s.zip", files), built.archive, tmp_path / "run")
    assert set(answer.points) == set(part.questions), answer.said
    assert set(answer.points.values()) == {0}
