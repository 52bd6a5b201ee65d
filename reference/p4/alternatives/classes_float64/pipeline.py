"""p4, plan, schedule and forecasts of a long training: small dataclasses behind the asked functions."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import nn
from torch.optim.lr_scheduler import LambdaLR

HOUR, DAY = 3600, 24 * 3600


@dataclass(frozen=True)
class Epoch:
    """One pass through the data."""

    samples: int
    batch: int
    drop_last: bool = False

    def __post_init__(self) -> None:
        if self.samples < 1 or self.batch < 1:
            raise ValueError(f"samples and batch must be 1 or more: {self}")
        if self.steps == 0:
            raise ValueError(f"an epoch without a step: {self}")

    @property
    def steps(self) -> int:
        whole, left = divmod(self.samples, self.batch)
        return whole + (left > 0 and not self.drop_last)


def budget(
    images: int,
    batch: int,
    epochs: int,
    seconds_per_step: float,
    drop_last: bool,
    limit_hours: float = 48.0,
) -> dict[str, int | float | bool]:
    """Steps and seconds of an epoch, steps and hours of the training, and whether they fit."""
    if epochs < 1:
        raise ValueError(f"epochs must be 1 or more, not {epochs}")
    epoch = Epoch(images, batch, drop_last)
    hours = epoch.steps * epochs * seconds_per_step / HOUR
    return {
        "steps_per_epoch": epoch.steps,
        "steps": epoch.steps * epochs,
        "seconds_per_epoch": float(epoch.steps * seconds_per_step),
        "hours": hours,
        "fits": hours <= limit_hours,
    }


def allowance(samples: int, batch: int, steps: int, days: float) -> dict[str, int | float]:
    """What a number of steps in a number of days amounts to."""
    if steps < 1:
        raise ValueError(f"steps must be 1 or more, not {steps}")
    epoch = Epoch(samples, batch)
    return {
        "steps_per_epoch": epoch.steps,
        "epochs": steps / epoch.steps,
        "seconds_per_step": days * DAY / steps,
    }


def validation_epochs(epochs: int, every: int) -> list[int]:
    """The multiples of ``every``, and the last epoch."""
    if epochs < 1 or every < 1:
        raise ValueError(f"epochs and every must be 1 or more, not {epochs} and {every}")

    def due(epoch: int) -> bool:
        return epoch % every == 0 or epoch + 1 == epochs

    return [*filter(due, range(epochs))]


@dataclass(frozen=True)
class WarmupCosine:
    """The share of the peak rate in an epoch."""

    epochs: int
    warmup: int = 5
    start: float = 0.1

    def __call__(self, epoch: int) -> float:
        if epoch < self.warmup:
            return self.start + (1 - self.start) * epoch / self.warmup
        if epoch >= self.epochs:
            return 0.0  # nothing is trained any more
        return (1 + math.cos(math.pi * (epoch - self.warmup) / (self.epochs - self.warmup))) / 2


@dataclass(frozen=True)
class Recipe:
    """A configuration that hangs together."""

    batch: int
    epochs: int
    rate_of_256: float = 0.1
    momentum: float = 0.9
    weight_decay: float = 1e-4

    def optimizer(self, model: nn.Module) -> torch.optim.SGD:
        trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
        decayed = [parameter for parameter in trained if parameter.dim() >= 2]
        spared = [parameter for parameter in trained if parameter.dim() < 2]
        return torch.optim.SGD(
            [{"params": decayed, "weight_decay": self.weight_decay}, {"params": spared, "weight_decay": 0.0}],
            lr=self.rate_of_256 * self.batch / 256,
            momentum=self.momentum,
            nesterov=True,
        )

    def schedule(self, optimizer: torch.optim.Optimizer) -> LambdaLR:
        return LambdaLR(optimizer, WarmupCosine(self.epochs))


def configure(model: nn.Module, batch: int, epochs: int) -> tuple[torch.optim.Optimizer, LambdaLR]:
    """SGD with Nesterov momentum, and a warm-up with half a cosine behind it, stepped once an epoch."""
    recipe = Recipe(batch, epochs)
    optimizer = recipe.optimizer(model)
    return optimizer, recipe.schedule(optimizer)


# Top-1 accuracy by images per class (Grill et al., 2020, table 1, supervised).
MEASURED = ((13, 0.254), (128, 0.564), (1281, 0.765))


@dataclass(frozen=True)
class Segment:
    """Between two rows of MEASURED."""

    low: int
    start: float
    high: int
    end: float

    def __contains__(self, images: int) -> bool:
        return self.low <= images < self.high

    def at(self, images: int) -> float:
        """A straight line in the logarithm."""
        share = math.log(images / self.low) / math.log(self.high / self.low)
        return self.start + share * (self.end - self.start)


SEGMENTS = [Segment(*left, *right) for left, right in pairwise(MEASURED)]


def attainable(images_per_class: int, top1: float) -> bool:
    """Whether an accuracy lies on or below the line through MEASURED, straight in the logarithm."""
    for segment in SEGMENTS:
        if images_per_class in segment:
            return top1 <= segment.at(images_per_class)
    return top1 <= SEGMENTS[-1].end


STABILITY = {
    "moderate_rate": "trains",
    "moderate_rate_zero_init": "lags",
    "high_rate": "blows_up",
    "high_rate_zero_init": "trains",
    "high_rate_clipped": "trains",
    "zero_init_without_shortcuts": "dead",
}
