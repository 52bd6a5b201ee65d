"""Random inputs against the reference, and edges."""

import numpy as np
import pytest

from grader.testing import award, check_each, closed_share, graded

pytestmark = pytest.mark.timeout(1)

KINDS = {"linear": "weights", "relu": "none", "batch norm": "statistics", "dropout": "none"}


@graded("q1.half", points=10, rung="random", hint="Divide once.")
def test_half_random(student, reference, rng):
    """half agrees with the reference on random numbers."""
    cases = [float(rng.uniform(1, 9)) for _ in range(8)]
    check_each(cases, lambda subject, x: subject.half.half(x), student, reference)


@graded("q1.half", points=4, rung="edges")
def test_half_of_a_negative_number(student, reference, rng):
    """half refuses negative numbers with ValueError."""
    cases = [-float(rng.uniform(1, 9)) for _ in range(3)]
    check_each(cases, lambda subject, x: subject.half.half(x), student, reference)


@graded("q1.double", points=10, rung="random")
def test_double_random(student, reference, rng):
    """double agrees with the reference on random tensors."""
    cases = [rng.normal(size=(2, n)).astype(np.float32) for n in (1, 3, 5)]
    check_each(cases, lambda subject, x: subject.double.double(x), student, reference)


@graded("q1.double", points=4, rung="edges")
def test_double_of_nothing(student, reference, rng):
    """double of empty tensors and of tensors without dimensions."""
    cases = [np.zeros((0, 2), dtype=np.float32), np.array(rng.normal(), dtype=np.float32)]
    check_each(cases, lambda subject, x: subject.double.double(x), student, reference)


@graded("q1.count", points=12, rung="random", hint="Is the limit itself above the limit?")
def test_count_random(student, reference, rng):
    """count agrees with the reference on random lists."""
    cases = [([float(n) for n in rng.integers(0, 4, size=12)], 2.0) for _ in range(8)]
    check_each(cases, lambda subject, case: subject.count.count(*case), student, reference)


@graded("q1.kinds", points=8, rung="closed")
def test_kinds(student):
    """KINDS says what each layer holds."""
    named = set(student.kinds.KINDS.items())
    award(closed_share(named, set(KINDS.items()), named - set(KINDS.items())), "not every kind is right")


@graded("q1.step", points=12, rung="random")
def test_step_random(student, reference, bench, rng):
    """step agrees with the reference along random gradients."""
    cases = [
        {"weight": rng.normal(size=n), "gradients": list(rng.normal(size=(3, n))), "rate": 0.1}
        for n in (2, 4)
    ]
    check_each(cases, lambda subject, case: subject.run(bench.descended, **case), student, reference)


@graded("q1.last", points=15, rung="random")
def test_last_random(student, reference, rng):
    """last agrees with the reference on random lists."""
    cases = [rng.normal(size=size).tolist() for size in (1, 2, 7)]
    check_each(cases, lambda subject, values: subject.last.last(values), student, reference)
