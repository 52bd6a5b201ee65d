"""p4, plan, schedule and forecasts of a long training: running loops, rates set in place, early returns."""

import math

import torch
from torch import nn


def budget(
    images: int,
    batch: int,
    epochs: int,
    seconds_per_step: float,
    drop_last: bool,
    limit_hours: float = 48.0,
) -> dict[str, int | float | bool]:
    """Steps and seconds of an epoch, steps and hours of the training, and whether they fit."""
    if images < 1 or batch < 1 or epochs < 1:
        raise ValueError(f"not all of 1 or more: {images=}, {batch=}, {epochs=}")
    per_epoch, left = divmod(images, batch)
    if left > 0 and not drop_last:
        per_epoch += 1
    if per_epoch == 0:
        raise ValueError("every batch is dropped")
    plan: dict[str, int | float | bool] = {"steps_per_epoch": per_epoch, "steps": per_epoch * epochs}
    plan["seconds_per_epoch"] = float(per_epoch * seconds_per_step)
    plan["hours"] = plan["seconds_per_epoch"] * epochs / 3600
    plan["fits"] = plan["hours"] <= limit_hours
    return plan


def allowance(samples: int, batch: int, steps: int, days: float) -> dict[str, int | float]:
    """What a number of steps in a number of days amounts to."""
    if samples < 1 or batch < 1 or steps < 1:
        raise ValueError(f"not all of 1 or more: {samples=}, {batch=}, {steps=}")
    per_epoch, left = divmod(samples, batch)
    if left > 0:
        per_epoch += 1
    return {
        "steps_per_epoch": per_epoch,
        "epochs": steps / per_epoch,
        "seconds_per_step": 86400 * days / steps,
    }


def validation_epochs(epochs: int, every: int) -> list[int]:
    """The multiples of ``every``, and the last epoch."""
    if epochs < 1 or every < 1:
        raise ValueError(f"not both of 1 or more: {epochs=}, {every=}")
    chosen = list(range(0, epochs, every))
    if chosen[-1] != epochs - 1:
        chosen.append(epochs - 1)
    return chosen


class WarmupThenCosine:
    """Writes the rate of each epoch into the optimizer's groups."""

    def __init__(self, optimizer: torch.optim.Optimizer, peak: float, epochs: int, warmup: int = 5) -> None:
        self.optimizer, self.peak, self.epochs, self.warmup = optimizer, peak, epochs, warmup
        self.epoch = 0
        self._write()

    def step(self) -> None:
        """Go on to the next epoch."""
        self.epoch += 1
        self._write()

    def _rate(self) -> float:
        if self.epoch <= self.warmup:
            return self.peak * (0.1 + 0.9 * self.epoch / self.warmup)
        if self.epoch >= self.epochs:
            return 0.0
        share = (self.epoch - self.warmup) / (self.epochs - self.warmup)
        return self.peak * (1 + math.cos(math.pi * share)) / 2

    def _write(self) -> None:
        for group in self.optimizer.param_groups:
            group["lr"] = self._rate()


def configure(model: nn.Module, batch: int, epochs: int) -> tuple[torch.optim.Optimizer, WarmupThenCosine]:
    """SGD with Nesterov momentum, and a warm-up with half a cosine behind it, stepped once an epoch."""
    matrices, vectors = [], []
    for parameter in model.parameters():
        if not parameter.requires_grad:
            continue
        (matrices if parameter.dim() > 1 else vectors).append(parameter)
    peak = 0.1 * batch / 256
    optimizer = torch.optim.SGD(
        [{"params": matrices, "weight_decay": 1e-4}, {"params": vectors}],
        lr=peak,
        momentum=0.9,
        nesterov=True,
    )
    return optimizer, WarmupThenCosine(optimizer, peak, epochs)


# Top-1 accuracy by images per class (Grill et al., 2020, table 1, supervised).
MEASURED = ((13, 0.254), (128, 0.564), (1281, 0.765))


def attainable(images_per_class: int, top1: float) -> bool:
    """Whether an accuracy lies on or below the line through MEASURED, straight in the logarithm."""
    low, start = MEASURED[0]
    for high, end in MEASURED[1:]:
        if images_per_class < high:
            slope = (end - start) / (math.log(high) - math.log(low))
            return top1 <= start + slope * (math.log(images_per_class) - math.log(low))
        low, start = high, end
    return top1 <= start


STABILITY = {}
for _name in ("moderate_rate", "high_rate_zero_init", "high_rate_clipped"):
    STABILITY[_name] = "trains"
STABILITY["moderate_rate_zero_init"] = "lags"
STABILITY["high_rate"] = "blows_up"
STABILITY["zero_init_without_shortcuts"] = "dead"
