"""Optimizer choice with the textbook recipe of each scenario and one `LambdaLR` for every schedule."""

import math
from typing import Literal

import torch
from given import Choice, Scenario
from torch.optim import SGD, Adam, AdamW, Optimizer
from torch.optim.lr_scheduler import LambdaLR, LRScheduler


def _run_length(samples: int, batch_size: int, epochs: int) -> int:
    return math.ceil(samples / batch_size) * epochs


def warmup_steps(samples: int, batch_size: int, epochs: int, fraction: float) -> int:
    """Return the whole number of steps in a fraction of the run."""
    return math.floor(fraction * _run_length(samples, batch_size, epochs) + 1e-9)


def peak_factor(samples: int, batch_size: int, epochs: int, warmup: int) -> float:
    """Return the largest share of the peak learning rate that a run reaches."""
    last = _run_length(samples, batch_size, epochs) - 1
    return 1.0 if last >= warmup else last / warmup


def choose(scenario: Scenario) -> Choice:
    """Choose Adam for a prototype, momentum SGD for production, AdamW for fine-tuning."""
    tenth = warmup_steps(scenario.samples, scenario.batch_size, scenario.epochs, 0.1)
    if scenario.kind == "prototype":
        return Choice(
            optimizer="adam",
            lr=1e-3,
            momentum=0.0,
            betas=(0.9, 0.999),
            weight_decay=0.0,
            schedule="constant",
            warmup_steps=0,
            milestones=(),
            gamma=1.0,
            final_fraction=1.0,
            step_on="batch",
        )
    if scenario.kind == "production":
        return Choice(
            optimizer="sgd",
            lr=0.1 * scenario.batch_size / 256,
            momentum=0.9,
            betas=(0.9, 0.999),
            weight_decay=1e-4,
            schedule="cosine",
            warmup_steps=tenth // 2,
            milestones=(),
            gamma=1.0,
            final_fraction=0.0,
            step_on="batch",
        )
    return Choice(
        optimizer="adamw",
        lr=2e-5,
        momentum=0.0,
        betas=(0.9, 0.999),
        weight_decay=0.01,
        schedule="linear",
        warmup_steps=tenth,
        milestones=(),
        gamma=1.0,
        final_fraction=0.0,
        step_on="batch",
    )


def build(
    choice: Choice, model: torch.nn.Module, epochs: int, steps_per_epoch: int
) -> tuple[Optimizer, LRScheduler | None, Literal["batch", "epoch"]]:
    """Build the optimizer and the scheduler that a choice describes."""
    common = {"lr": choice.lr, "weight_decay": choice.weight_decay}
    if choice.optimizer == "sgd":
        optimizer: Optimizer = SGD(model.parameters(), momentum=choice.momentum, **common)
    elif choice.optimizer == "adam":
        optimizer = Adam(model.parameters(), betas=choice.betas, **common)
    else:
        optimizer = AdamW(model.parameters(), betas=choice.betas, **common)

    per_epoch = 1 if choice.step_on == "epoch" else steps_per_epoch
    total, warmup, final = epochs * per_epoch, choice.warmup_steps, choice.final_fraction

    def factor(s: int) -> float:
        if s < warmup:
            return s / warmup
        done = (s - warmup) / (total - warmup)
        if choice.schedule == "linear":
            return final + (1 - final) * (1 - done)
        if choice.schedule == "cosine":
            return final + (1 - final) * (1 + math.cos(math.pi * done)) / 2
        if choice.schedule == "step":
            return choice.gamma ** sum(m <= s // per_epoch for m in choice.milestones)
        return 1.0

    return optimizer, LambdaLR(optimizer, factor), choice.step_on


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
    },
    "finetuning": {
        "decoupled_decay",
        "per_parameter_step_sizes",
        "small_steps_keep_features",
        "warmup_calms_first_steps",
        "warmup_must_fit_run",
    },
}
