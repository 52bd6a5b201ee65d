"""The network and the loop that broken.py should have been: in-place activations, a schedule by hand."""

from __future__ import annotations

import math
from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

# ---- p5.issues ---------------------------------------------------------------------------------------------

ISSUES: dict[str, dict[str, str]] | None = {}
for _fault, _where, _effect in (
    ("sigmoid_in_depth", "model", "slows"),
    ("default_init", "model", "harmless"),
    ("no_normalisation", "model", "harmless"),
    ("lr_too_high", "optimizer", "stops"),
    ("no_schedule", "loop", "harmless"),
    ("no_zero_grad", "loop", "stops"),
    ("last_batch_loss", "report", "misreports"),
):
    ISSUES[_fault] = {"where": _where, "effect": _effect}


# ---- p5.network --------------------------------------------------------------------------------------------


class DeepNetwork(nn.Module):
    """Linear layers and norms in two lists; ReLU and dropout work in place."""

    def __init__(self, width: int = 256, num_classes: int = 10) -> None:
        super().__init__()
        self.linears = nn.ModuleList()
        self.norms = nn.ModuleList()
        inputs = 784
        for outputs in (width, width, width, width, width // 2):
            linear = nn.Linear(inputs, outputs)
            bound = math.sqrt(
                6 / inputs
            )  # a uniform number has a third of the square of its bound as variance
            linear.weight.data.uniform_(-bound, bound)
            linear.bias.data.zero_()
            self.linears.append(linear)
            self.norms.append(nn.BatchNorm1d(outputs))
            inputs = outputs
        self.head = nn.Linear(inputs, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        """Logits of images in any shape."""
        x = x.reshape(len(x), -1)
        for linear, norm in zip(self.linears, self.norms, strict=True):
            x = norm(linear(x)).relu_()
        x = F.dropout(x, 0.5, self.training)
        return self.head(x)


# ---- p5.train ----------------------------------------------------------------------------------------------


def train(
    model: nn.Module, loader: Iterable[tuple[Tensor, Tensor]], epochs: int, lr: float = 1e-3
) -> list[dict[str, float]]:
    """Gradients are zeroed in place before each backward; the loss is summed in a tensor without a graph."""
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    total = torch.zeros((), dtype=torch.float64)
    history: list[dict[str, float]] = []
    for epoch in range(epochs):
        rate = lr * (1 + math.cos(math.pi * epoch / epochs)) / 2
        for group in optimizer.param_groups:
            group["lr"] = rate
        model.train()
        total.zero_()
        samples = 0
        for inputs, targets in loader:
            optimizer.zero_grad(set_to_none=False)
            loss = F.cross_entropy(model(inputs), targets)
            loss.backward()
            optimizer.step()
            total.add_(loss.detach(), alpha=len(targets))
            samples += len(targets)
        history.append({"loss": total.item() / samples, "lr": rate})
    return history


# ---- p5.plateau --------------------------------------------------------------------------------------------


def chance_loss(num_classes: int) -> float:
    """-ln (1 / C)."""
    if num_classes < 1:
        raise ValueError(f"{num_classes} classes")
    return -math.log(1 / num_classes)


PLATEAU: dict[str, str] | None = dict.fromkeys(("relu_adam", "sigmoid_adam", "all_but_lr"), "trains")
PLATEAU.update(dict.fromkeys(("lr_lowered", "sigmoid_sgd", "relu_lr_kept"), "stalls"))
PLATEAU.update(dict.fromkeys(("as_printed", "cosine_added"), "blows_up"))
