"""The bonus question of p2, on a GPU or in a rehearsal on the processor."""

import pytest

from grader.testing import assert_close, assert_same, beside, graded

drawn = beside(__file__, "measure_gpu")


@graded("p2.gpu_adamw", points=1.5, rung="random", device="cuda")
@pytest.mark.parametrize("bias_correction", ["both", "second", "none"])
def test_gpu_adamw_steps(student, bench, gpu, rng, bias_correction):
    """A few steps on a few numbers are the rule's, with each kind of bias correction."""
    case, want = drawn.gpu_steps_of(rng, bias_correction)
    got = student.run(bench.gpu_adamw_steps, **case, device=gpu.device)
    assert_same(got["grad"], want["grad"], "the gradient afterwards")
    assert_close(got["one"], want["one"], "p after its steps", initial=case["p"])
    assert_close(got["two"], want["two"], "another p after its steps", initial=2 * case["p"])


@pytest.mark.timeout(900)
@graded("p2.gpu_adamw", points=3.0, rung="random", device="cuda")
def test_gpu_adamw_race(student, reference, race):
    """1,000 steps over 110 million parameters: exact, and at half the memory's speed or better."""
    race("p2.gpu_adamw").judge(student, reference)
