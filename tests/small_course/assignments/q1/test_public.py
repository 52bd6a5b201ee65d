"""The handout's numbers."""

from grader.testing import assert_close, graded


@graded("q1.half", points=10, rung="interface")
def test_half_gives_a_number(student):
    """half returns a number."""
    assert_close(student.halves.half(4.0), 2.0, "half of 4")


@graded("q1.half", points=20, rung="figures")
def test_half_repeated(student, bench):
    """Halving three times divides by eight."""
    assert_close(student.run(bench.repeated, number=12.0, times=3), 1.5, "12 halved three times")


@graded("q1.mean", points=20, rung="figures")
def test_mean_document_numbers(student):
    """The handout's mean."""
    assert_close(student.halves.mean([1.0, 2.0, 6.0]), 3.0, "mean of 1, 2 and 6")
