"""The figures of the handout."""

import numpy as np
import pytest

from grader.testing import assert_close, assert_same, graded

pytestmark = pytest.mark.timeout(1)


@graded("q1.half", points=2, rung="interface")
def test_half_is_a_number(student):
    """half returns a number."""
    assert_close(student.half.half(4.0), 2.0, "half of 4")


@graded("q1.half", points=4, rung="figures")
def test_half_figures(student):
    """half of the handout's number."""
    assert_close(student.half.half(7.0), 3.5, "half of 7")


@graded("q1.double", points=2, rung="interface")
def test_double_keeps_the_shape(student):
    """double returns a tensor of the same shape."""
    got = student.double.double(np.ones((2, 3), dtype=np.float32))
    assert_same(list(got.shape), [2, 3], "the shape")


@graded("q1.double", points=4, rung="figures")
def test_double_figures(student):
    """double of the handout's tensor."""
    got = student.double.double(np.array([1.0, -2.5], dtype=np.float32))
    assert_close(got, np.array([2.0, -5.0], dtype=np.float32), "the doubled tensor")


@graded("q1.count", points=4, rung="figures")
def test_count_figures(student):
    """count of the handout's list."""
    assert_same(student.count.count([1.0, 2.0, 3.0], 1.5), 2, "the number above 1.5")


@graded("q1.step", points=4, rung="figures")
def test_step_figures(student, bench):
    """step from the handout's weight."""
    weight, gradient = np.array([1.0, 2.0]), np.array([0.5, -1.0])
    got = student.run(bench.stepped, weight=weight, gradient=gradient, rate=0.1)
    assert_close(got, np.array([0.95, 2.1]), "the weight after a step")


@graded("q1.last", points=5, rung="figures")
def test_last_figures(student):
    """last of the handout's list."""
    assert_close(student.last.last([1.0, 2.0, 3.0]), 3.0, "the last number")
