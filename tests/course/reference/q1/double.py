"""Twice a tensor."""

import torch


def double(x: torch.Tensor) -> torch.Tensor:
    """Every element of x twice as large; the shape stays."""
    # BEGIN SOLUTION q1.double
    return 2 * x
    # END SOLUTION
