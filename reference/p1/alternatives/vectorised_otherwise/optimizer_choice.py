"""Optimizer choice with closed forms for the counts and torch's own schedulers, chained, for the rates."""

from bisect import bisect_right
from dataclasses import replace
from fractions import Fraction
from math import floor
from typing import Any, Literal

import torch
from given import Choice, Scenario
from torch.optim import SGD, Adam, AdamW, Optimizer
from torch.optim.lr_scheduler import CosineAnnealingLR, LambdaLR, LinearLR, LRScheduler, SequentialLR


def _total(samples: int, batch_size: int, epochs: int) -> int:
    return -(-samples // batch_size) * epochs


def warmup_steps(samples: int, batch_size: int, epochs: int, fraction: float) -> int:
    """Return the whole number of steps in a fraction of the run."""
    return floor(Fraction(fraction) * _total(samples, batch_size, epochs) + Fraction(1, 10**9))


def peak_factor(samples: int, batch_size: int, epochs: int, warmup: int) -> float:
    """Return the largest share of the peak learning rate that a run reaches."""
    return min(1.0, (_total(samples, batch_size, epochs) - 1) / warmup) if warmup else 1.0


_ADAM = Choice(
    optimizer="adam",
    lr=1e-3,
    momentum=0.9,
    betas=(0.9, 0.999),
    weight_decay=0.0,
    schedule="constant",
    warmup_steps=0,
    milestones=(),
    gamma=0.1,
    final_fraction=0.0,
    step_on="batch",
)


def choose(scenario: Scenario) -> Choice:
    """Choose a variation of Adam's defaults."""
    run = (scenario.samples, scenario.batch_size, scenario.epochs)
    if scenario.kind == "prototype":
        return _ADAM
    if scenario.kind == "finetuning":
        return replace(
            _ADAM,
            optimizer="adamw",
            lr=3e-5,
            weight_decay=0.01,
            schedule="linear",
            warmup_steps=warmup_steps(*run, 0.1),
        )
    # the step recipe of ImageNet, in shares of the run; a set, since in a short run two of them may coincide
    drops = {scenario.epochs // 3, 2 * scenario.epochs // 3, 8 * scenario.epochs // 9} - {0}
    stepped = replace(
        _ADAM,
        optimizer="sgd",
        lr=0.1 * scenario.batch_size / 256,
        weight_decay=1e-4,
        schedule="step",
        milestones=tuple(sorted(drops)),
        warmup_steps=warmup_steps(*run, 0.05),
    )
    return stepped if len(drops) == 3 else replace(stepped, schedule="linear", milestones=())


def _after_warmup(choice: Choice, optimizer: Optimizer, length: int, per_epoch: int) -> LRScheduler:
    """Return the scheduler of the phase behind the warm-up, which counts its own steps from 0."""
    if choice.schedule == "linear":
        return LinearLR(optimizer, 1.0, choice.final_fraction, total_iters=length)
    if choice.schedule == "cosine":
        return CosineAnnealingLR(optimizer, T_max=length, eta_min=choice.final_fraction * choice.lr)
    if choice.schedule == "step":
        starts = [milestone * per_epoch - choice.warmup_steps for milestone in choice.milestones]
        return LambdaLR(optimizer, lambda s: choice.gamma ** bisect_right(starts, s))
    return LambdaLR(optimizer, lambda s: 1.0)


def build(
    choice: Choice, model: torch.nn.Module, epochs: int, steps_per_epoch: int
) -> tuple[Optimizer, LRScheduler | None, Literal["batch", "epoch"]]:
    """Build the optimizer and the scheduler that a choice describes."""
    kind, own = {
        "sgd": (SGD, {"momentum": choice.momentum}),
        "adam": (Adam, {"betas": choice.betas}),
        "adamw": (AdamW, {"betas": choice.betas}),
    }[choice.optimizer]
    arguments: dict[str, Any] = {"lr": choice.lr, "weight_decay": choice.weight_decay, **own}
    optimizer = kind(model.parameters(), **arguments)

    per_epoch = steps_per_epoch if choice.step_on == "batch" else 1
    warmup = choice.warmup_steps
    if warmup == 0 and choice.schedule == "constant":
        return optimizer, None, choice.step_on
    if warmup == 0:
        return optimizer, _after_warmup(choice, optimizer, epochs * per_epoch, per_epoch), choice.step_on
    # LinearLR starts a little above 0
    ramp = LinearLR(optimizer, start_factor=1e-8, total_iters=warmup)
    main = _after_warmup(choice, optimizer, epochs * per_epoch - warmup, per_epoch)
    return optimizer, SequentialLR(optimizer, [ramp, main], milestones=[warmup]), choice.step_on


_FOR_ANY_ADAM = {"per_parameter_step_sizes"}

REASONS: dict[str, set[str]] | None = {
    "prototype": _FOR_ANY_ADAM | {"defaults_work_untuned", "fast_early_progress", "schedule_not_needed_yet"},
    "production": {
        "flat_minima_often_claimed",
        "high_rate_then_decay",
        "momentum_sgd_strong_on_cnns",
        "time_to_tune",
    },
    "finetuning": _FOR_ANY_ADAM
    | {
        "decoupled_decay",
        "small_steps_keep_features",
        "warmup_calms_first_steps",
        "warmup_must_fit_run",
    },
}
