"""A test that cannot use an answer is not the grader's error, where it can use the reference's."""

from __future__ import annotations

from pathlib import Path

import pytest
import support

pytestmark = pytest.mark.timeout(300)

NUMBER = "def double(x):\n    return 2.0\n"  # a number is a tensor without dimensions, and has no .shape
BROKEN = '''
@graded("q1.half", points=4, rung="edges")
def test_half_of_a_negative_number(student, reference, rng):
    """half refuses negative numbers with ValueError."""
    student.half.half(1.0)
    raise KeyError("a slip of the test itself")
'''


def test_an_answer_that_a_test_stumbles_over_is_the_submissions(tmp_path: Path) -> None:
    course = support.copy_course(tmp_path / "course")
    hidden = course / "assignments/q1/test_hidden.py"
    text = hidden.read_text(encoding="utf-8")
    start = text.index('@graded("q1.half", points=4, rung="edges")')
    end = text.index('@graded("q1.double", points=10')
    hidden.write_text(f"{text[:start]}{BROKEN.strip()}\n\n\n{text[end:]}", encoding="utf-8")
    submission = support.submit(tmp_path / "handed in", {"double.py": NUMBER})
    graded = support.grade(course, submission, "--isolation", "process", folder=tmp_path)
    double = graded.test("test_double_keeps_the_shape")
    assert (double["outcome"], double["points"]) == ("submission_error", 0), graded.said
    assert "another form" in double["message"]
    assert double["detail"].startswith("AttributeError")
    half = graded.test("test_half_of_a_negative_number")
    assert (half["outcome"], half["points"]) == ("grader_error", 0)
    assert graded.status == support.GRADER_ERROR
    assert graded.test("test_half_random")["outcome"] == "passed"


def test_without_slips_of_ours_such_a_run_is_complete(tmp_path: Path) -> None:
    submission = support.submit(tmp_path / "handed in", {"double.py": NUMBER})
    graded = support.grade(support.COURSE, submission, "--isolation", "process", folder=tmp_path)
    assert graded.results["complete"], graded.said
    assert graded.status == support.FAILED
