"""Runs beside the submission in the hidden tests."""

import step
import torch


def descended(weight: torch.Tensor, gradients: list[torch.Tensor], rate: float) -> torch.Tensor:
    """The weight after a step for each gradient."""
    for gradient in gradients:
        weight = step.step(weight, gradient, rate)
    return weight
