"""Runs beside the code under test in p1's hidden tests."""

import gradient_flow
import torch


def asked_twice(
    x: torch.Tensor,
    w1: torch.Tensor,
    w2: torch.Tensor,
    w3: torch.Tensor,
    target: torch.Tensor,
    slope: float,
) -> dict[str, torch.Tensor]:
    """The second of two answers to the same tensors, with the tensors as they are afterwards."""
    tensors = (x, w1, w2, w3, target)
    gradient_flow.backward_batch(*tensors, slope)
    again = gradient_flow.backward_batch(*tensors, slope)
    left = dict(zip(("x_after", "w1_after", "w2_after", "w3_after", "target_after"), tensors, strict=True))
    return {**again, **left}
