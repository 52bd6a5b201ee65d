"""Optimizer choice with NumPy: the factors of all steps are one array, from which the scheduler reads."""

from typing import Any, Literal

import numpy as np
import torch
from given import Choice, Scenario
from numpy.typing import NDArray
from torch.optim import SGD, Adam, AdamW, Optimizer
from torch.optim.lr_scheduler import LambdaLR, LRScheduler


def _steps(samples: int, batch_size: int, epochs: int) -> int:
    return int(np.ceil(samples / batch_size)) * epochs


def warmup_steps(samples: int, batch_size: int, epochs: int, fraction: float) -> int:
    """Return the whole number of steps in a fraction of the run."""
    return int(np.floor(_steps(samples, batch_size, epochs) * fraction + 1e-9))


def peak_factor(samples: int, batch_size: int, epochs: int, warmup: int) -> float:
    """Return the largest share of the peak learning rate that a run reaches."""
    last = _steps(samples, batch_size, epochs) - 1
    return float(np.clip(last / warmup, 0.0, 1.0)) if warmup else 1.0


def choose(scenario: Scenario) -> Choice:
    """Choose a recipe with a short warm-up for each scenario."""
    run = (scenario.samples, scenario.batch_size, scenario.epochs)
    unused: dict[str, Any] = {"momentum": 0.0, "betas": (0.9, 0.999), "milestones": (), "gamma": 1.0}
    recipes: dict[str, dict[str, Any]] = {
        "prototype": {
            "optimizer": "adam",
            "lr": 3e-4,
            "weight_decay": 0.0,
            "schedule": "constant",
            "warmup_steps": 0,
            "final_fraction": 1.0,
        },
        "production": {
            "optimizer": "sgd",
            "lr": 0.1 * scenario.batch_size / 256,
            "momentum": 0.9,
            "weight_decay": 5e-5,
            "schedule": "cosine",
            "warmup_steps": warmup_steps(*run, 0.05),
            "final_fraction": 0.0,
        },
        "finetuning": {
            "optimizer": "adamw",
            "lr": 5e-5,
            "weight_decay": 0.01,
            "schedule": "cosine",
            "warmup_steps": warmup_steps(*run, 0.1),
            "final_fraction": 0.0,
        },
    }
    return Choice(**{**unused, **recipes[scenario.kind], "step_on": "batch"})


def _factors(choice: Choice, epochs: int, steps_per_epoch: int) -> NDArray[np.float64]:
    """Return the factor of each step s of the run, and of the one behind its end."""
    per_epoch = 1 if choice.step_on == "epoch" else steps_per_epoch
    total, warmup = epochs * per_epoch, choice.warmup_steps
    s = np.arange(total + 1)
    done = np.clip((s - warmup) / (total - warmup), 0.0, 1.0)
    if choice.schedule == "linear":
        after = choice.final_fraction + (1 - choice.final_fraction) * (1 - done)
    elif choice.schedule == "cosine":
        after = choice.final_fraction + (1 - choice.final_fraction) * (1 + np.cos(np.pi * done)) / 2
    elif choice.schedule == "step":
        reached = np.searchsorted(np.asarray(choice.milestones, dtype=np.int64), s // per_epoch, side="right")
        after = np.power(float(choice.gamma), reached)
    else:
        after = np.ones(total + 1)
    return np.where(s < warmup, s / max(warmup, 1), after)


def build(
    choice: Choice, model: torch.nn.Module, epochs: int, steps_per_epoch: int
) -> tuple[Optimizer, LRScheduler | None, Literal["batch", "epoch"]]:
    """Build the optimizer and the scheduler that a choice describes."""
    kinds: dict[str, Any] = {"sgd": SGD, "adam": Adam, "adamw": AdamW}
    own = {"momentum": choice.momentum} if choice.optimizer == "sgd" else {"betas": choice.betas}
    optimizer = kinds[choice.optimizer](
        model.parameters(), lr=choice.lr, weight_decay=choice.weight_decay, **own
    )
    factors = _factors(choice, epochs, steps_per_epoch)
    if np.all(factors == 1.0):
        return optimizer, None, choice.step_on
    return optimizer, LambdaLR(optimizer, lambda s: float(factors[min(s, len(factors) - 1)])), choice.step_on


REASONS: dict[str, set[str]] | None = {
    "prototype": {
        "defaults_work_untuned",
        "fast_early_progress",
        "per_parameter_step_sizes",
        "schedule_not_needed_yet",
    },
    "production": {
        "flat_minima_often_claimed",
        "high_rate_then_decay",
        "momentum_sgd_strong_on_cnns",
        "time_to_tune",
        "warmup_must_fit_run",
    },
    "finetuning": {
        "decoupled_decay",
        "small_steps_keep_features",
        "warmup_calms_first_steps",
        "warmup_must_fit_run",
    },
}
