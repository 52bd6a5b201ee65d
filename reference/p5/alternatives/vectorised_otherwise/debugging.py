"""The network and the loop that broken.py should have been: bare matrices, einsum, a lambda schedule."""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

# ---- p5.issues ---------------------------------------------------------------------------------------------

_MODEL, _OPTIMIZER, _LOOP, _REPORT = "model", "optimizer", "loop", "report"
ISSUES: dict[str, dict[str, str]] | None = {
    fault: dict(zip(("where", "effect"), said, strict=True))
    for fault, said in {
        "sigmoid_in_depth": (_MODEL, "slows"),
        "default_init": (_MODEL, "harmless"),
        "no_normalisation": (_MODEL, "harmless"),
        "lr_too_high": (_OPTIMIZER, "stops"),
        "no_schedule": (_OPTIMIZER, "harmless"),
        "no_zero_grad": (_LOOP, "stops"),
        "last_batch_loss": (_REPORT, "misreports"),
    }.items()
}


# ---- p5.network --------------------------------------------------------------------------------------------


class DeepNetwork(nn.Module):
    """Matrices and norms side by side; the products are einsums."""

    def __init__(self, width: int = 256, num_classes: int = 10) -> None:
        super().__init__()
        sizes = [784, width, width, width, width, width // 2]
        # (inputs, outputs): He's deviation is that of a standard normal times sqrt(2 / inputs)
        self.matrices = nn.ParameterList(torch.randn(n, m) * (2 / n) ** 0.5 for n, m in pairwise(sizes))
        self.norms = nn.ModuleList(nn.BatchNorm1d(size) for size in sizes[1:])
        self.classes = nn.Parameter(torch.randn(num_classes, width // 2) * (2 / width) ** 0.5)
        self.offsets = nn.Parameter(torch.zeros(num_classes))

    def forward(self, x: Tensor) -> Tensor:
        """Logits of images."""
        x = x.flatten(start_dim=1)
        for matrix, norm in zip(self.matrices, self.norms, strict=True):
            x = norm(torch.einsum("ni,io->no", x, matrix)).clamp(min=0)
        x = F.dropout(x, training=self.training)
        return x @ self.classes.T + self.offsets


# ---- p5.train ----------------------------------------------------------------------------------------------


def train(
    model: nn.Module, loader: Iterable[tuple[Tensor, Tensor]], epochs: int, lr: float = 1e-3
) -> list[dict[str, float]]:
    """The loss is a sum over samples, its mean is trained on; gradients are dropped after a step."""
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    scheduler = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda epoch: math.cos(math.pi * epoch / (2 * epochs)) ** 2
    )
    optimizer.zero_grad()  # the model may have come with gradients of something else
    model.train()

    def step(inputs: Tensor, targets: Tensor) -> Tensor:
        summed = F.cross_entropy(model(inputs), targets, reduction="sum")
        (summed / len(targets)).backward()
        optimizer.step()
        optimizer.zero_grad()
        return torch.stack([summed.detach().double(), torch.tensor(len(targets), dtype=torch.float64)])

    history = []
    for _ in range(epochs):
        total, samples = torch.stack([step(inputs, targets) for inputs, targets in loader]).sum(dim=0)
        history.append({"loss": (total / samples).item(), "lr": scheduler.get_last_lr()[0]})
        scheduler.step()
    return history


# ---- p5.plateau --------------------------------------------------------------------------------------------


def chance_loss(num_classes: int) -> float:
    """Cross-entropy of equal logits."""
    if num_classes < 1:
        raise ValueError(f"{num_classes} classes cannot be guessed")
    return math.log2(num_classes) * math.log(2)


PLATEAU: dict[str, str] | None = {
    **dict.fromkeys(("sigmoid_adam", "relu_adam", "all_but_lr"), "trains"),
    **dict.fromkeys(("lr_lowered", "sigmoid_sgd", "relu_lr_kept"), "stalls"),
    **dict.fromkeys(("as_printed", "cosine_added"), "blows_up"),
}
