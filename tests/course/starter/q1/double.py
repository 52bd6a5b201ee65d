"""Twice a tensor."""

import torch


def double(x: torch.Tensor) -> torch.Tensor:
    """Every element of x twice as large; the shape stays."""
    raise NotImplementedError("q1.double")
