"""The bonus question of p2: the handout's numbers, on a GPU or in a rehearsal on the processor."""

import numpy as np
import pytest

from grader.testing import assert_close, assert_same, check, graded


@graded("p2.gpu_adamw", points=0.5, rung="figures", device="cuda")
@pytest.mark.parametrize(
    ("bias_correction", "weight_decay", "grads", "value"),
    [
        ("both", 0.0, [0.5], 0.9),
        ("second", 0.0, [0.5], 0.99),
        ("none", 0.0, [0.5], 0.683772),
        ("both", 0.5, [0.0], 0.95),
    ],
    ids=["both", "second", "none", "decay"],
)
def test_gpu_adamw_numbers(student, bench, gpu, bias_correction, weight_decay, grads, value):
    """The first step of 16,384 equal numbers, at a rate of 0.1."""
    got = student.run(
        bench.gpu_adamw_repeated,
        start=1.0,
        grads=grads,
        lr=0.1,
        weight_decay=weight_decay,
        bias_correction=bias_correction,
        device=gpu.device,
    )
    check(np.shape(got["p"]) == (16384,), "p has another shape afterwards")
    assert_close(got["p"], np.full(16384, value, np.float32), "p after a step")
    assert_same(got["grad"], np.full(16384, grads[-1], np.float32), "the gradient afterwards")
