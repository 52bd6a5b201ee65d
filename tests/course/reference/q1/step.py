"""A step down the gradient."""

import torch


def step(weight: torch.Tensor, gradient: torch.Tensor, rate: float) -> torch.Tensor:
    """The weight after a step of gradient descent, a new tensor."""
    # BEGIN SOLUTION q1.step
    return weight - rate * gradient
    # END SOLUTION
