"""What runs on a GPU, or in a rehearsal."""

import pytest

from grader.testing import assert_same, graded


@pytest.mark.timeout(120)
@graded("g1.fit", points=5.0, rung="random", device="cuda")
def test_fit_on_a_gpu(student, reference, race):
    """The clusters are told apart, and as fast as by the reference."""
    race("g1.fit").judge(student, reference)


@graded("g1.where", points=1.0, rung="random", device="cuda")
def test_where_on_a_gpu(student, bench, gpu):
    """The kind of device is named."""
    assert_same(student.run(bench.gpu_where, device=gpu.device), gpu.device, "the device")
