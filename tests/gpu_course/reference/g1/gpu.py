"""Runs on the device that its inputs lie on."""

import torch


def train(points: torch.Tensor, labels: torch.Tensor, steps: int) -> torch.Tensor:
    """The weights, (features, classes), of a softmax regression."""
    # BEGIN SOLUTION g1.fit
    weights = torch.zeros(points.shape[1], 10, device=points.device)
    target = torch.nn.functional.one_hot(labels, 10).to(points.dtype)
    for _ in range(steps):
        weights -= points.T @ ((points @ weights).softmax(1) - target) / len(points)
    return weights
    # END SOLUTION


def where(x: torch.Tensor) -> str:
    """The kind of device that x lies on."""
    # BEGIN SOLUTION g1.where
    return x.device.type
    # END SOLUTION
