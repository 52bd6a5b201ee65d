"""The network and the loop that broken.py should have been, in plain PyTorch: the shortest clear code."""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import pairwise

import torch
from torch import Tensor, nn

# ---- p5.issues ---------------------------------------------------------------------------------------------

ISSUES: dict[str, dict[str, str]] | None = {
    "default_init": {"where": "model", "effect": "harmless"},
    "last_batch_loss": {"where": "report", "effect": "misreports"},
    "lr_too_high": {"where": "optimizer", "effect": "stops"},
    "no_normalisation": {"where": "model", "effect": "harmless"},
    "no_schedule": {"where": "optimizer", "effect": "harmless"},
    "no_zero_grad": {"where": "loop", "effect": "stops"},
    "sigmoid_in_depth": {"where": "model", "effect": "slows"},
}


# ---- p5.network --------------------------------------------------------------------------------------------


class DeepNetwork(nn.Module):
    """[Linear, BatchNorm, ReLU] five times, Dropout, Linear."""

    def __init__(self, width: int = 256, num_classes: int = 10) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for inputs, outputs in pairwise([784, width, width, width, width, width // 2]):
            linear = nn.Linear(inputs, outputs, bias=False)  # BatchNorm has a bias of its own
            nn.init.kaiming_normal_(linear.weight, nonlinearity="relu")
            layers += [linear, nn.BatchNorm1d(outputs), nn.ReLU()]
        self.layers = nn.Sequential(*layers, nn.Dropout(0.5), nn.Linear(width // 2, num_classes))

    def forward(self, x: Tensor) -> Tensor:
        """Logits (N, num_classes) of images (N, ...)."""
        return self.layers(x.flatten(1))


# ---- p5.train ----------------------------------------------------------------------------------------------


def train(
    model: nn.Module, loader: Iterable[tuple[Tensor, Tensor]], epochs: int, lr: float = 1e-3
) -> list[dict[str, float]]:
    """Adam on the cross-entropy, a cosine over the epochs, a report over samples."""
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=epochs)
    history = []
    model.train()
    for _ in range(epochs):
        total, samples = 0.0, 0
        for inputs, targets in loader:
            loss = nn.functional.cross_entropy(model(inputs), targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(targets)
            samples += len(targets)
        history.append({"loss": total / samples, "lr": scheduler.get_last_lr()[0]})
        scheduler.step()
    return history


# ---- p5.plateau --------------------------------------------------------------------------------------------


def chance_loss(num_classes: int) -> float:
    """ln C."""
    if num_classes < 1:
        raise ValueError("there is no class")
    return math.log(num_classes)


PLATEAU: dict[str, str] | None = {
    "as_printed": "blows_up",
    "lr_lowered": "stalls",
    "cosine_added": "blows_up",
    "sigmoid_sgd": "stalls",
    "sigmoid_adam": "trains",
    "relu_adam": "trains",
    "relu_lr_kept": "stalls",
    "all_but_lr": "trains",
}
