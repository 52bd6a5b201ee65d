"""Runs on the device that its inputs lie on."""

import torch


def train(points: torch.Tensor, labels: torch.Tensor, steps: int) -> torch.Tensor:
    """The weights, (features, classes), of a softmax regression."""
    raise NotImplementedError("g1.fit")


def where(x: torch.Tensor) -> str:
    """The kind of device that x lies on."""
    raise NotImplementedError("g1.where")
