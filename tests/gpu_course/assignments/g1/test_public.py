"""The handout's number."""

from grader.testing import assert_close, graded


@graded("g1.twice", points=100, rung="random")
def test_twice(student):
    """Twice three is six."""
    assert_close(student.plain.twice(3.0), 6.0, "twice 3")
