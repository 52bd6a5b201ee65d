"""p4, plan, schedule and forecasts of a long training: idiomatic Python, the shortest clear code."""

import itertools
import math

import torch
from torch import nn
from torch.optim.lr_scheduler import LambdaLR

WARMUP = 5


def _require_positive(*numbers: int) -> None:
    if min(numbers) < 1:
        raise ValueError(f"all of {numbers} must be 1 or more")


def budget(
    images: int,
    batch: int,
    epochs: int,
    seconds_per_step: float,
    drop_last: bool,
    limit_hours: float = 48.0,
) -> dict[str, int | float | bool]:
    """Steps and seconds of an epoch, steps and hours of the training, and whether they fit."""
    _require_positive(images, batch, epochs)
    steps_per_epoch = images // batch if drop_last else -(-images // batch)
    if steps_per_epoch == 0:
        raise ValueError("drop_last leaves no step in an epoch")
    steps = steps_per_epoch * epochs
    hours = steps * seconds_per_step / 3600
    return {
        "steps_per_epoch": steps_per_epoch,
        "steps": steps,
        "seconds_per_epoch": float(steps_per_epoch * seconds_per_step),
        "hours": hours,
        "fits": hours <= limit_hours,
    }


def allowance(samples: int, batch: int, steps: int, days: float) -> dict[str, int | float]:
    """What a number of steps in a number of days amounts to."""
    _require_positive(samples, batch, steps)
    steps_per_epoch = -(-samples // batch)
    return {
        "steps_per_epoch": steps_per_epoch,
        "epochs": steps / steps_per_epoch,
        "seconds_per_step": days * 24 * 3600 / steps,
    }


def validation_epochs(epochs: int, every: int) -> list[int]:
    """The multiples of ``every``, and the last epoch."""
    _require_positive(epochs, every)
    return sorted({*range(0, epochs, every), epochs - 1})


def configure(model: nn.Module, batch: int, epochs: int) -> tuple[torch.optim.Optimizer, LambdaLR]:
    """SGD with Nesterov momentum, and a warm-up with half a cosine behind it, stepped once an epoch."""
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    groups = [
        {"params": [p for p in trained if p.ndim >= 2], "weight_decay": 1e-4},
        {"params": [p for p in trained if p.ndim < 2], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.SGD(groups, lr=0.1 * batch / 256, momentum=0.9, nesterov=True)

    def factor(epoch: int) -> float:
        if epoch < WARMUP:
            return 0.1 + 0.9 * epoch / WARMUP
        if epoch >= epochs:
            return 0.0
        return (1 + math.cos(math.pi * (epoch - WARMUP) / (epochs - WARMUP))) / 2

    return optimizer, LambdaLR(optimizer, factor)


# Top-1 accuracy by images per class (Grill et al., 2020, table 1, supervised).
MEASURED = ((13, 0.254), (128, 0.564), (1281, 0.765))


def attainable(images_per_class: int, top1: float) -> bool:
    """Whether an accuracy lies on or below the line through MEASURED, straight in the logarithm."""
    if images_per_class >= MEASURED[-1][0]:
        return top1 <= MEASURED[-1][1]
    for (low, start), (high, end) in itertools.pairwise(MEASURED):
        if images_per_class < high:
            share = math.log(images_per_class / low) / math.log(high / low)
            return top1 <= start + share * (end - start)
    raise AssertionError("unreachable: the last row was asked first")


STABILITY = {
    "moderate_rate": "trains",
    "moderate_rate_zero_init": "lags",
    "high_rate": "blows_up",
    "high_rate_zero_init": "trains",
    "high_rate_clipped": "trains",
    "zero_init_without_shortcuts": "dead",
}
