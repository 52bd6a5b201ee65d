"""Runs beside the submission in the public tests."""

import step
import torch


def stepped(weight: torch.Tensor, gradient: torch.Tensor, rate: float) -> torch.Tensor:
    """The weight after one step."""
    return step.step(weight, gradient, rate)
