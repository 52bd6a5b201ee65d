"""Inputs that cannot be judged are drawn again: they cost no submission its grade, and earn none either."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import support

from grader.config import Course
from grader.grading import Grading, Request
from grader.judging import Judge
from grader.results.model import TestResult
from grader.seeds import seed_for

pytestmark = pytest.mark.timeout(300)

SEED = 11
NAME = "test_hidden.py::test_half_of_a_negative_number"
QUARTER = "def half(x: float) -> float:\n    return x / 4\n"
# The difference of two halves hangs on the last bit of its inputs where these lie close together.
TEST = '''
@graded("q1.half", points=4, rung="edges")
def test_half_of_a_negative_number(student, reference{rng}):
    """half of two numbers that lie as far apart as was drawn."""
    drawn = {drawn}
    apart = 1e-9 if {unfit} else 0.5
    check_each(
        [(1.0, 1.0 + apart), (2.0, 2.0 + apart), (3.0, 3.0 + apart), (4.0, 4.0 + apart)],
        lambda subject, case: subject.half.half(case[1]) - subject.half.half(case[0]),
        student,
        reference,
    )
'''


def first_draw() -> float:
    """What that test draws first."""
    return float(np.random.default_rng(seed_for(SEED, NAME)).random())


def course_with(folder: Path, unfit: str, *, draws: bool = True) -> Path:
    """The course, its test of the edges with inputs that are unfit where the expression says so."""
    course = support.copy_course(folder / "course")
    hidden = course / "assignments/q1/test_hidden.py"
    text = hidden.read_text(encoding="utf-8")
    start = text.index('@graded("q1.half", points=4, rung="edges")')
    end = text.index('@graded("q1.double", points=10')
    test = TEST.format(
        unfit=unfit, rng=", rng" if draws else "", drawn="float(rng.random())" if draws else "0.0"
    )
    hidden.write_text(f"{text[:start]}{test.strip()}\n\n\n{text[end:]}", encoding="utf-8")
    return course


@pytest.fixture
def graded(tmp_path: Path) -> Callable[..., TestResult]:
    """Grades files on that test, which finds its inputs unfit where an expression says so."""

    def grade(unfit: str, *, draws: bool = True, examined: bool = False, **files: str) -> TestResult:
        course = course_with(tmp_path, unfit, draws=draws)
        submission = support.submit(
            tmp_path / "handed in", {f"{name}.py": text for name, text in files.items()}
        )
        with Grading(Course(course)) as grading:
            grading.shared.margins = {} if examined else None
            result = grading.grade(Request("q1", submission, seed=SEED, tests=(NAME,), isolation="process"))
        return next(test for question in result.questions for test in question.tests if test.name == NAME)

    return grade


ONCE = f"drawn == {first_draw()!r}"
ALWAYS = "drawn < 2"


def test_a_right_solution_passes_with_other_inputs(tmp_path: Path) -> None:
    submission = support.submit(tmp_path / "handed in", {})
    arguments = ("--isolation", "process", f"--grading-seed={SEED}")
    done = support.grade(course_with(tmp_path, ONCE), submission, *arguments, folder=tmp_path)
    assert done.test("test_half_of_a_negative_number")["outcome"] == "passed", done.said
    assert done.results["complete"]
    assert "could not be judged, and others were drawn" in done.said


def test_a_wrong_solution_fails_with_other_inputs(graded: Callable[..., TestResult]) -> None:
    test = graded(ONCE, half=QUARTER)
    assert (test.outcome, test.points) == ("failed", 0)


def test_inputs_that_are_unfit_again_are_the_graders_error(graded: Callable[..., TestResult]) -> None:
    test = graded(ALWAYS)
    assert (test.outcome, test.points) == ("grader_error", 0)
    assert "an error of the grader" in test.message


def test_inputs_that_nothing_draws_are_not_asked_again(
    graded: Callable[..., TestResult], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Judge, "_anew", lambda *_: pytest.fail("asked again"))
    assert graded("True", draws=False).outcome == "grader_error"


@pytest.mark.parametrize(("examined", "outcome"), [(True, "grader_error"), (False, "passed")])
def test_where_the_tests_are_examined_it_is_a_find(
    graded: Callable[..., TestResult], examined: bool, outcome: str
) -> None:
    assert graded(ONCE, examined=examined).outcome == outcome
