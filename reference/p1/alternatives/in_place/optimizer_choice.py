"""Optimizer choice with integer counting, early returns, and a table of factors that a loop fills once."""

import math
from typing import Literal

import torch
from given import Choice, Scenario
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR, LRScheduler


def _count_steps(samples: int, batch_size: int, epochs: int) -> int:
    batches, rest = divmod(samples, batch_size)
    if rest:
        batches += 1
    return batches * epochs


def warmup_steps(samples: int, batch_size: int, epochs: int, fraction: float) -> int:
    """Return the whole number of steps in a fraction of the run."""
    steps = _count_steps(samples, batch_size, epochs) * fraction
    steps += 1e-9
    return int(steps)


def peak_factor(samples: int, batch_size: int, epochs: int, warmup: int) -> float:
    """Return the largest share of the peak learning rate that a run reaches."""
    if warmup == 0:
        return 1.0
    last = _count_steps(samples, batch_size, epochs) - 1
    if last >= warmup:
        return 1.0
    return last / warmup


def choose(scenario: Scenario) -> Choice:
    """Choose from one set of fields, of which each scenario overwrites what it needs otherwise."""
    fields = {
        "optimizer": "adam",
        "lr": 1e-3,
        "momentum": 0.9,
        "betas": (0.9, 0.999),
        "weight_decay": 0.0,
        "schedule": "constant",
        "warmup_steps": 0,
        "milestones": (),
        "gamma": 0.1,
        "final_fraction": 0.0,
        "step_on": "batch",
    }
    if scenario.kind == "prototype":
        return Choice(**fields)

    if scenario.kind == "finetuning":
        fields["optimizer"] = "adamw"
        fields["lr"] = 3e-5
        fields["weight_decay"] = 0.01
        fields["schedule"] = "linear"
        fields["warmup_steps"] = warmup_steps(scenario.samples, scenario.batch_size, scenario.epochs, 0.1)
        return Choice(**fields)

    fields["optimizer"] = "sgd"
    fields["lr"] = 0.1 * scenario.batch_size / 256
    fields["weight_decay"] = 1e-4
    fields["schedule"] = "step"
    fields["step_on"] = "epoch"
    milestones: list[int] = []
    for share in (0.3, 0.6, 0.9):
        epoch = int(share * scenario.epochs)
        if epoch > (milestones[-1] if milestones else 0):
            milestones.append(epoch)
    if len(milestones) < 3:
        # a run too short for three drops falls smoothly instead
        fields["schedule"] = "cosine"
        fields["step_on"] = "batch"
        milestones.clear()
    fields["milestones"] = tuple(milestones)
    return Choice(**fields)


def _make_optimizer(choice: Choice, model: torch.nn.Module) -> Optimizer:
    weights = list(model.parameters())
    if choice.optimizer == "sgd":
        return torch.optim.SGD(
            weights, lr=choice.lr, momentum=choice.momentum, weight_decay=choice.weight_decay
        )
    if choice.optimizer == "adam":
        return torch.optim.Adam(weights, lr=choice.lr, betas=choice.betas, weight_decay=choice.weight_decay)
    return torch.optim.AdamW(weights, lr=choice.lr, betas=choice.betas, weight_decay=choice.weight_decay)


def _table(choice: Choice, epochs: int, per_epoch: int) -> list[float]:
    """Return the factor of every step of the run."""
    total, warmup, final = epochs * per_epoch, choice.warmup_steps, choice.final_fraction
    table = [1.0] * total
    for s in range(warmup):
        table[s] = s / warmup
    if choice.schedule == "step":
        for milestone in choice.milestones:
            for s in range(max(warmup, milestone * per_epoch), total):
                table[s] *= choice.gamma
        return table
    if choice.schedule == "constant":
        return table
    for s in range(warmup, total):
        left = (total - s) / (total - warmup)
        if choice.schedule == "cosine":
            left = (1 - math.cos(math.pi * left)) / 2
        table[s] = final + (1 - final) * left
    return table


def build(
    choice: Choice, model: torch.nn.Module, epochs: int, steps_per_epoch: int
) -> tuple[Optimizer, LRScheduler | None, Literal["batch", "epoch"]]:
    """Build the optimizer and the scheduler that a choice describes."""
    optimizer = _make_optimizer(choice, model)
    if choice.schedule == "constant" and choice.warmup_steps == 0:
        return optimizer, None, choice.step_on
    table = _table(choice, epochs, 1 if choice.step_on == "epoch" else steps_per_epoch)
    last = len(table) - 1
    # the scheduler is stepped once more after the last step; nothing is trained with that rate
    return optimizer, LambdaLR(optimizer, lambda s: table[min(s, last)]), choice.step_on


REASONS: dict[str, set[str]] | None = {
    "prototype": {"defaults_work_untuned", "fast_early_progress", "schedule_not_needed_yet"},
    "production": {"high_rate_then_decay", "momentum_sgd_strong_on_cnns", "time_to_tune"},
    "finetuning": {
        "decoupled_decay",
        "small_steps_keep_features",
        "warmup_calms_first_steps",
        "warmup_must_fit_run",
    },
}
REASONS["prototype"].add("per_parameter_step_sizes")
REASONS["production"].add("flat_minima_often_claimed")
