"""The network and the loop that broken.py should have been: small classes, a report that adds in float64."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

# ---- p5.issues ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Fault:
    """Where a fault sits and what it does alone."""

    where: str
    effect: str


_FAULTS = {
    "default_init": Fault("model", "harmless"),
    "last_batch_loss": Fault("report", "misreports"),
    "lr_too_high": Fault("optimizer", "stops"),
    "no_normalisation": Fault("model", "harmless"),
    "no_schedule": Fault("optimizer", "harmless"),
    "no_zero_grad": Fault("loop", "stops"),
    "sigmoid_in_depth": Fault("model", "slows"),
}
ISSUES: dict[str, dict[str, str]] | None = {
    name: {"where": fault.where, "effect": fault.effect} for name, fault in _FAULTS.items()
}


# ---- p5.network --------------------------------------------------------------------------------------------


class HeLinear(nn.Linear):
    """A Linear without a bias whose weights start as He's rule for ReLU has them."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs, bias=False)

    def reset_parameters(self) -> None:
        """Draw in double precision, keep single."""
        draws = torch.randn(self.out_features, self.in_features, dtype=torch.float64)
        with torch.no_grad():
            self.weight.copy_(draws * math.sqrt(2 / self.in_features))


@dataclass(frozen=True)
class Sizes:
    """Sizes of the network."""

    width: int
    num_classes: int

    def hidden(self) -> Iterator[tuple[int, int]]:
        """(inputs, outputs) of the five hidden layers."""
        yield 784, self.width
        for _ in range(3):
            yield self.width, self.width
        yield self.width, self.width // 2


class DeepNetwork(nn.Module):
    """A trunk of five hidden layers, and a head behind a dropout."""

    def __init__(self, width: int = 256, num_classes: int = 10) -> None:
        super().__init__()
        sizes = Sizes(width, num_classes)
        blocks = [
            nn.Sequential(HeLinear(inputs, outputs), nn.BatchNorm1d(outputs), nn.ReLU())
            for inputs, outputs in sizes.hidden()
        ]
        self.trunk = nn.Sequential(nn.Flatten(), *blocks)
        self.head = nn.Sequential(nn.Dropout(), nn.Linear(width // 2, num_classes))

    def forward(self, x: Tensor) -> Tensor:
        """Logits of images."""
        return self.head(self.trunk(x))


# ---- p5.train ----------------------------------------------------------------------------------------------


@dataclass
class Mean:
    """A mean over samples, told batch by batch."""

    total: float = 0.0
    samples: int = 0

    def add(self, batch_mean: float, samples: int) -> None:
        """Weigh a batch's mean with its samples."""
        self.total += batch_mean * samples
        self.samples += samples

    @property
    def value(self) -> float:
        """The mean so far."""
        return self.total / self.samples


class Trainer:
    """Adam with a cosine over the epochs."""

    def __init__(self, model: nn.Module, epochs: int, lr: float) -> None:
        self.model, self.epochs, self.lr = model, epochs, lr
        self.optimizer = torch.optim.Adam(model.parameters(), lr=lr)
        self.criterion = nn.CrossEntropyLoss()

    def rate(self, epoch: int) -> float:
        """The rate of an epoch, from 0."""
        return self.lr * (1 + math.cos(math.pi * epoch / self.epochs)) / 2

    def batch(self, inputs: Tensor, targets: Tensor) -> float:
        """One step; the batch's mean loss before it."""
        self.optimizer.zero_grad()
        loss = self.criterion(self.model(inputs), targets)
        loss.backward()
        self.optimizer.step()
        return loss.double().item()

    def epoch(self, number: int, loader: Iterable[tuple[Tensor, Tensor]]) -> dict[str, float]:
        """One pass over the loader, and its row of the history."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate(number)
        self.model.train()
        mean = Mean()
        for inputs, targets in loader:
            mean.add(self.batch(inputs, targets), len(targets))
        return {"loss": mean.value, "lr": self.rate(number)}


def train(
    model: nn.Module, loader: Iterable[tuple[Tensor, Tensor]], epochs: int, lr: float = 1e-3
) -> list[dict[str, float]]:
    """Train, and return a row an epoch."""
    trainer = Trainer(model, epochs, lr)
    return [trainer.epoch(number, loader) for number in range(epochs)]


# ---- p5.plateau --------------------------------------------------------------------------------------------


def chance_loss(num_classes: int) -> float:
    """Nats of a uniform guess."""
    if num_classes < 1:
        raise ValueError("a guess needs a class")
    return torch.tensor(num_classes, dtype=torch.float64).log().item()


PLATEAU: dict[str, str] | None = {
    "as_printed": "blows_up",
    "cosine_added": "blows_up",
    "lr_lowered": "stalls",
    "sigmoid_sgd": "stalls",
    "relu_lr_kept": "stalls",
    "sigmoid_adam": "trains",
    "relu_adam": "trains",
    "all_but_lr": "trains",
}
