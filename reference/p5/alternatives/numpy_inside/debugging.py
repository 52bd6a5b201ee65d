"""The network and the loop that broken.py should have been: NumPy for rates, report and logarithm."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch
from torch import Tensor, nn

# ---- p5.issues ---------------------------------------------------------------------------------------------

ISSUES: dict[str, dict[str, str]] | None = {
    "sigmoid_in_depth": {"where": "model", "effect": "slows"},
    "default_init": {"where": "model", "effect": "harmless"},
    "no_normalisation": {"where": "model", "effect": "harmless"},
    "lr_too_high": {"where": "optimizer", "effect": "stops"},
    "no_schedule": {"where": "optimizer", "effect": "harmless"},
    "no_zero_grad": {"where": "loop", "effect": "stops"},
    "last_batch_loss": {"where": "report", "effect": "misreports"},
    # Left out in the script without harm:
    "no_seed": {"where": "loop", "effect": "harmless"},
    "no_train_mode": {"where": "loop", "effect": "harmless"},
    "no_validation": {"where": "loop", "effect": "harmless"},
}


# ---- p5.network --------------------------------------------------------------------------------------------


class Hidden(nn.Module):
    """Linear, BatchNorm, ReLU."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.linear = nn.Linear(inputs, outputs)
        self.norm = nn.BatchNorm1d(outputs)
        nn.init.normal_(self.linear.weight, std=float(np.sqrt(2 / inputs)))

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs) to (N, outputs)."""
        return torch.relu(self.norm(self.linear(x)))


class DeepNetwork(nn.Module):
    """Five hidden layers, one dropout, a head."""

    def __init__(self, width: int = 256, num_classes: int = 10) -> None:
        super().__init__()
        sizes = np.array([784, *[width] * 4, width // 2]).tolist()
        self.hidden = nn.ModuleList(map(Hidden, sizes[:-1], sizes[1:]))
        self.dropout = nn.Dropout(0.5)
        self.head = nn.Linear(sizes[-1], num_classes)

    def forward(self, x: Tensor) -> Tensor:
        """Logits of images of 784 values each."""
        x = x.reshape(-1, 784)
        for hidden in self.hidden:
            x = hidden(x)
        return self.head(self.dropout(x))


# ---- p5.train ----------------------------------------------------------------------------------------------


def train(
    model: nn.Module, loader: Iterable[tuple[Tensor, Tensor]], epochs: int, lr: float = 1e-3
) -> list[dict[str, float]]:
    """All rates are worked out beforehand; the report is a weighted average of the batches' means."""
    rates = (lr * (1 + np.cos(np.pi * np.arange(epochs) / epochs)) / 2).tolist()
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    criterion = nn.CrossEntropyLoss()
    history = []
    model.train()
    for rate in rates:
        optimizer.param_groups[0]["lr"] = rate
        means, sizes = [], []
        for inputs, targets in loader:
            optimizer.zero_grad()
            loss = criterion(model(inputs), targets)
            loss.backward()
            optimizer.step()
            means.append(loss.item())
            sizes.append(len(targets))
        history.append({"loss": float(np.average(means, weights=sizes)), "lr": rate})
    return history


# ---- p5.plateau --------------------------------------------------------------------------------------------


def chance_loss(num_classes: int) -> float:
    """Entropy of equal probabilities."""
    if num_classes < 1:
        raise ValueError("at least one class")
    return float(np.log(num_classes))


_OUTCOMES = {
    "trains": ["all_but_lr", "relu_adam", "sigmoid_adam"],
    "stalls": ["lr_lowered", "relu_lr_kept", "sigmoid_sgd"],
    "blows_up": ["as_printed", "cosine_added"],
}
PLATEAU: dict[str, str] | None = {name: outcome for outcome, names in _OUTCOMES.items() for name in names}
