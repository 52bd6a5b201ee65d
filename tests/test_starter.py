"""The starter is what the reference leaves when its solutions are cut out."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from grader.config import Course
from grader.faults import GraderFault
from grader.release import starter
from grader.release.blocks import StarterError, solution_blocks

HERE = Course(Path(__file__).parents[1])

REFERENCE = dedent(
    '''
    """A module."""

    import math

    # BEGIN SOLUTION
    from fractions import Fraction


    def _halves(number: float) -> float:
        return float(Fraction(number) / 2)
    # END SOLUTION


    def half(number: float) -> float:
        """Half of a number. Example: 3 gives 1.5."""
        # BEGIN SOLUTION q1.half
        if math.isnan(number):
            return number

        return _halves(number)
        # END SOLUTION


    class Counter:
        """Counts."""

        limit: int = 3  # given

        def add(self, by: int = 1) -> None:
            """Adds."""
            # BEGIN SOLUTION q1.count
            self.total = getattr(self, "total", 0) + by
            # END SOLUTION


    # Why, in a set.
    # BEGIN SOLUTION q1.reasons
    REASONS: dict[str, set[str]] | None = {
        "first": {"a reason that is right"},
    }
    NUMBER: "float | None" = 2.5
    # END SOLUTION
    '''
).lstrip()

STARTER = dedent(
    '''
    """A module."""

    import math


    def half(number: float) -> float:
        """Half of a number. Example: 3 gives 1.5."""
        raise NotImplementedError("q1.half")


    class Counter:
        """Counts."""

        limit: int = 3  # given

        def add(self, by: int = 1) -> None:
            """Adds."""
            raise NotImplementedError("q1.count")


    # Why, in a set.
    REASONS: dict[str, set[str]] | None = None
    NUMBER: "float | None" = None
    '''
).lstrip()

ASSIGNMENT = dedent(
    """
    title = "One"
    files = ["halves.py"]
    given = ["given.py"]
    [questions."q1.half"]
    title = "Half"
    file = "halves.py"
    minutes = 5
    review = "Read again."
    """
)


def test_every_kind_of_block_is_cut():
    assert starter.cut(REFERENCE, "halves.py") == STARTER


def test_windows_line_ends_and_a_missing_last_one_make_no_difference():
    assert starter.cut(REFERENCE.replace("\n", "\r\n").rstrip(), "halves.py") == STARTER


def test_a_file_without_solutions_stays_as_it_is():
    assert starter.cut(STARTER, "given.py") == STARTER


def test_blocks_know_their_lines_and_ids():
    blocks = solution_blocks(REFERENCE, "halves.py")
    assert [block.question for block in blocks] == [None, "q1.half", "q1.count", "q1.reasons"]
    lines = REFERENCE.splitlines()
    assert all("BEGIN SOLUTION" in lines[block.begin - 1] for block in blocks)
    assert all(list(block.lines) == lines[block.begin : block.end - 1] for block in blocks)


DOC = '"""Says."""'

UNUSABLE = {
    "never ends": ("x = 1\n# BEGIN SOLUTION q1.half\ny = 2\n", 2, "never ends"),
    "never began": ("x = 1\n# END SOLUTION\n", 2, "never began"),
    "nested": ("# BEGIN SOLUTION a.b\nx: int = 1\n# BEGIN SOLUTION a.c\n", 3, "inside the one of line 1"),
    "two ids": ("# BEGIN SOLUTION a.b a.c\nx: int = 1\n# END SOLUTION\n", 1, "can be read"),
    "after code": ("x: int = 1  # BEGIN SOLUTION a.b\n# END SOLUTION\n", 1, "can be read"),
    "unknown id": ("\n# BEGIN SOLUTION q1.other\nx: int = 1\n# END SOLUTION\n", 2, "no question 'q1.other'"),
    "no annotation": ("# BEGIN SOLUTION q1.half\nx = 1\n# END SOLUTION\n", 1, "annotated assignment"),
    "not Python": ("x = (\n", 1, "not valid Python"),
    "empty body": (
        "def half():\n    # BEGIN SOLUTION\n    return 1\n    # END SOLUTION\n\n\ny = 2\n",
        7,
        "without its solutions",
    ),
    "public name vanishes": (
        f"# BEGIN SOLUTION\ndef helper():\n    {DOC}\n# END SOLUTION\n",
        2,
        "helper is inside a solution",
    ),
    "method vanishes": (
        f"class A:\n    {DOC}\n    # BEGIN SOLUTION\n    def run(self):\n        {DOC}\n    # END SOLUTION\n",
        4,
        "A.run is inside a solution",
    ),
    "docstring cut": (
        f"def half():\n    # BEGIN SOLUTION q1.half\n    {DOC}\n    return 1\n    # END SOLUTION\n",
        1,
        "docstring of half would change",
    ),
    "a line survives": (
        "def half(n):\n"
        "    # BEGIN SOLUTION q1.half\n"
        "    return n / 2 + 0 * (n - 1) + 0 * n\n"
        "    # END SOLUTION\n\n\n"
        "def other(n):\n"
        "    return n / 2 + 0 * (n - 1) + 0 * n\n",
        3,
        "outside the solutions too",
    ),
}


@pytest.mark.parametrize("case", UNUSABLE)
def test_an_unusable_reference_is_refused_with_file_and_line(case):
    source, line, said = UNUSABLE[case]
    with pytest.raises(StarterError, match=r"^halves\.py, ") as refusal:
        starter.cut(source, "halves.py", {"q1.half"})
    assert f"line {line}: " in str(refusal.value)
    assert said in str(refusal.value)


@pytest.fixture
def course(tmp_path):
    (tmp_path / "assignments" / "q1").mkdir(parents=True)
    (tmp_path / "assignments" / "q1" / "assignment.toml").write_text(ASSIGNMENT)
    (tmp_path / "reference" / "q1" / "mistakes").mkdir(parents=True)
    text = REFERENCE.replace("q1.count", "q1.half").replace("q1.reasons", "q1.half")
    (tmp_path / "reference" / "q1" / "halves.py").write_text(text)
    (tmp_path / "reference" / "q1" / "given.py").write_text("GIVEN = 1\n")
    (tmp_path / "reference" / "q1" / "notes.py").write_text("SECRET = 1\n")
    return Course(tmp_path)


def test_write_makes_the_folder_current(course):
    assignment = course.assignment("q1")
    assert "+GIVEN = 1" in starter.difference(course, assignment)
    written = starter.write(course, assignment)
    assert {path.name for path in written} == {"halves.py", "given.py"}
    assert starter.difference(course, assignment) == ""
    assert course.starter("q1").joinpath("given.py").read_text() == "GIVEN = 1\n"


def test_difference_shows_an_edited_and_a_stray_file(course):
    assignment = course.assignment("q1")
    starter.write(course, assignment)
    course.starter("q1").joinpath("given.py").write_text("GIVEN = 2\n")
    course.starter("q1").joinpath("old.py").write_text("OLD = 1\n")
    said = starter.difference(course, assignment)
    assert "-GIVEN = 2\n+GIVEN = 1\n" in said
    assert "-OLD = 1\n" in said
    starter.write(course, assignment)
    assert not course.starter("q1").joinpath("old.py").exists()


def test_a_file_that_the_reference_lacks_is_named(course):
    course.root.joinpath("reference", "q1", "given.py").unlink()
    with pytest.raises(GraderFault, match=r"reference/q1/given\.py"):
        starter.generate(course, course.assignment("q1"))


def test_a_student_release_has_nothing_to_cut(course, tmp_path):
    course.root.joinpath("reference").rename(tmp_path / "elsewhere")
    with pytest.raises(GraderFault, match="no reference for q1"):
        starter.generate(course, course.assignment("q1"))


@pytest.mark.parametrize("assignment_id", HERE.assignments())
def test_the_starter_of_this_course_is_current(assignment_id):
    assert starter.difference(HERE, HERE.assignment(assignment_id)) == ""
