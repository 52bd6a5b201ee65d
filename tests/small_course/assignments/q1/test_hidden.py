"""Random inputs against the reference."""

from grader.testing import check_each, graded


@graded("q1.half", points=20, rung="random")
def test_half_of_random_numbers(student, reference, rng):
    """half agrees with the reference on random numbers."""
    cases = [{"number": float(rng.normal(1.0, 5.0))} for _ in range(20)]
    check_each(cases, lambda subject, case: subject.halves.half(**case), student, reference)


@graded("q1.mean", points=30, rung="random")
def test_mean_of_random_lists(student, reference, rng):
    """mean agrees with the reference on random lists, none of them empty."""
    cases = [{"numbers": rng.normal(1.0, 5.0, size=3 + size).tolist()} for size in range(20)]
    check_each(cases, lambda subject, case: subject.halves.mean(**case), student, reference)
