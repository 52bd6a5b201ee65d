"""p4, plan, schedule and forecasts of a long training: tables and interpolation by NumPy."""

import numpy as np
import torch
from torch import nn
from torch.optim.lr_scheduler import LambdaLR


def _batches(samples: int, batch: int, drop_last: bool = False) -> int:
    """Batches of an epoch, counted by where they begin, or, if only whole ones count, by where they end."""
    return len(range(batch, samples + 1, batch)) if drop_last else len(range(0, samples, batch))


def budget(
    images: int,
    batch: int,
    epochs: int,
    seconds_per_step: float,
    drop_last: bool,
    limit_hours: float = 48.0,
) -> dict[str, int | float | bool]:
    """Steps and seconds of an epoch, steps and hours of the training, and whether they fit."""
    if np.min([images, batch, epochs]) < 1:
        raise ValueError("images, batch and epochs are 1 or more")
    each = _batches(images, batch, drop_last)
    if each == 0:
        raise ValueError("no batch is full, and drop_last leaves no other")
    hours = each * epochs * seconds_per_step / 3600
    return {
        "steps_per_epoch": each,
        "steps": each * epochs,
        "seconds_per_epoch": float(each * seconds_per_step),
        "hours": float(hours),
        "fits": bool(hours <= limit_hours),
    }


def allowance(samples: int, batch: int, steps: int, days: float) -> dict[str, int | float]:
    """What a number of steps in a number of days amounts to."""
    if np.min([samples, batch, steps]) < 1:
        raise ValueError("samples, batch and steps are 1 or more")
    each = _batches(samples, batch)
    return {"steps_per_epoch": each, "epochs": steps / each, "seconds_per_step": days * 86_400 / steps}


def validation_epochs(epochs: int, every: int) -> list[int]:
    """The multiples of ``every``, and the last epoch."""
    if np.min([epochs, every]) < 1:
        raise ValueError("epochs and every are 1 or more")
    return np.union1d(np.arange(0, epochs, every), epochs - 1).tolist()


def configure(model: nn.Module, batch: int, epochs: int) -> tuple[torch.optim.Optimizer, LambdaLR]:
    """SGD with Nesterov momentum, and a schedule that reads its rates from a table, stepped once an epoch."""
    groups = [
        {"params": [parameter], "weight_decay": 1e-4 if parameter.ndim > 1 else 0.0}
        for parameter in model.parameters()
        if parameter.requires_grad
    ]
    warmup = np.linspace(0.1, 1.0, 6)  # epochs 0 to 5
    cosine = (1 + np.cos(np.linspace(0, np.pi, max(epochs - 5, 0) + 1))) / 2  # epochs 5 to `epochs`
    factors = np.concatenate([warmup, cosine[1:]]).tolist()
    optimizer = torch.optim.SGD(groups, lr=0.1 * batch / 256, momentum=0.9, nesterov=True)
    return optimizer, LambdaLR(optimizer, lambda epoch: factors[min(epoch, len(factors) - 1)])


# Top-1 accuracy by images per class (Grill et al., 2020, table 1, supervised).
MEASURED = ((13, 0.254), (128, 0.564), (1281, 0.765))


def attainable(images_per_class: int, top1: float) -> bool:
    """Whether an accuracy lies on or below the line through MEASURED, straight in the logarithm."""
    images, accuracies = np.transpose(MEASURED)
    return bool(top1 <= np.interp(np.log(images_per_class), np.log(images), accuracies))


STABILITY = {
    "moderate_rate": "trains",
    "moderate_rate_zero_init": "lags",  # only the last gammas learn at first, and 0.07 is slow for them
    "high_rate": "blows_up",
    "high_rate_zero_init": "trains",
    "high_rate_clipped": "trains",
    "zero_init_without_shortcuts": "dead",  # relu(0) gives nothing on, and nothing back
}
