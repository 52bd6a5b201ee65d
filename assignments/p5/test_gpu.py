"""The bonus question of p5, on a GPU or in a rehearsal on the processor."""

import pytest

from grader.testing import assert_close, assert_same, beside, graded

drawn = beside(__file__, "measure_gpu")


@graded("p5.gpu_train", points=1.5, rung="random", device="cuda")
def test_gpu_train_steps(student, reference, bench, gpu, rng):
    """A few epochs of a small network move every parameter as far as they should."""
    case = drawn.gpu_steps_case(rng)
    got, want = (
        subject.run(bench.gpu_train_steps, **case, device=gpu.device) for subject in (student, reference)
    )
    assert_close(got["moved"], want["moved"], "how far each parameter moves")
    assert_close(got["losses"], want["losses"], "the losses")
    assert_same(got["seen"], want["seen"], "the number of samples that were trained on")
    assert_same(got["classes"], want["classes"], "the classes that are predicted")
    assert_same(got["given"], want["given"], "the inputs afterwards")


@pytest.mark.timeout(1500)
@graded("p5.gpu_train", points=3.0, rung="random", device="cuda")
def test_gpu_train_race(student, reference, race):
    """200,000 digits drawn on the device: as well recognised as by the reference, and as fast."""
    race("p5.gpu_train").judge(student, reference)
