"""p4, plan, schedule and forecasts of a long training: closed forms, schedules of torch that are joined."""

import bisect
import math

import torch
from torch import nn
from torch.optim.lr_scheduler import CosineAnnealingLR, LinearLR, SequentialLR


def _above_zero(**numbers: int) -> None:
    low = [name for name, number in numbers.items() if number < 1]
    if low:
        raise ValueError(f"{' and '.join(low)} below 1")


def budget(
    images: int,
    batch: int,
    epochs: int,
    seconds_per_step: float,
    drop_last: bool,
    limit_hours: float = 48.0,
) -> dict[str, int | float | bool]:
    """Steps and seconds of an epoch, steps and hours of the training, and whether they fit."""
    _above_zero(images=images, batch=batch, epochs=epochs)
    per_epoch = (images + (not drop_last) * (batch - 1)) // batch
    _above_zero(steps_per_epoch=per_epoch)
    seconds = seconds_per_step * per_epoch
    return {
        "steps_per_epoch": per_epoch,
        "steps": per_epoch * epochs,
        "seconds_per_epoch": float(seconds),
        "hours": seconds * epochs / 3600,
        "fits": seconds * epochs <= 3600 * limit_hours,
    }


def allowance(samples: int, batch: int, steps: int, days: float) -> dict[str, int | float]:
    """What a number of steps in a number of days amounts to."""
    _above_zero(samples=samples, batch=batch, steps=steps)
    per_epoch = (samples + batch - 1) // batch
    return {
        "steps_per_epoch": per_epoch,
        "epochs": steps / per_epoch,
        "seconds_per_step": 86400 * days / steps,
    }


def validation_epochs(epochs: int, every: int) -> list[int]:
    """The multiples of ``every``, and the last epoch."""
    _above_zero(epochs=epochs, every=every)
    last = epochs - 1
    return [*range(0, last, every), last]


def configure(model: nn.Module, batch: int, epochs: int) -> tuple[torch.optim.Optimizer, SequentialLR]:
    """SGD with Nesterov momentum, and a warm-up with half a cosine behind it, stepped once an epoch."""
    split: dict[bool, list[nn.Parameter]] = {True: [], False: []}
    for parameter in model.parameters():
        if parameter.requires_grad:
            split[parameter.ndim >= 2].append(parameter)
    optimizer = torch.optim.SGD(
        [{"params": split[matrices], "weight_decay": 1e-4 * matrices} for matrices in split],
        lr=0.1 * batch / 256,
        momentum=0.9,
        nesterov=True,
    )
    warmup = LinearLR(optimizer, start_factor=0.1, total_iters=5)
    cosine = CosineAnnealingLR(optimizer, T_max=max(epochs - 5, 1))  # never reached in a short run
    return optimizer, SequentialLR(optimizer, [warmup, cosine], milestones=[5])


# Top-1 accuracy by images per class (Grill et al., 2020, table 1, supervised).
MEASURED = ((13, 0.254), (128, 0.564), (1281, 0.765))


def attainable(images_per_class: int, top1: float) -> bool:
    """Whether an accuracy lies on or below the line through MEASURED, straight in the logarithm."""
    counts, accuracies = zip(*MEASURED, strict=True)
    right = bisect.bisect_right(counts, images_per_class)
    if right == len(counts):
        return top1 <= accuracies[-1]
    weight = math.log(images_per_class / counts[right - 1], counts[right] / counts[right - 1])
    return top1 <= accuracies[right - 1] * (1 - weight) + accuracies[right] * weight


STABILITY = dict(
    zip(
        ("moderate_rate", "moderate_rate_zero_init", "high_rate", "high_rate_zero_init", "high_rate_clipped"),
        ("trains", "lags", "blows_up", "trains", "trains"),
        strict=True,
    ),
    zero_init_without_shortcuts="dead",
)
