"""Choosing an optimizer and its learning-rate schedule: what to take, how to build it, and why.

The three scenarios and the definition of the schedules stand in the README; `Scenario`, `Choice` and the
list of reasons stand in given.py.
"""

import math
from typing import Literal

import torch
from given import Choice, Scenario
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

# ---- p1.warmup ---------------------------------------------------------------------------------------------


def warmup_steps(samples: int, batch_size: int, epochs: int, fraction: float) -> int:
    """Return how many optimizer steps a warm-up over a fraction of the run takes.

    An epoch has one step for each batch, and the last, smaller batch counts. The result is rounded down,
    after adding 1e-9 so that a product that should be whole is not lost to rounding.

    Args:
        samples, batch_size, epochs: 1 or more.
        fraction: from 0 to 1.

    Example: 50,000 samples, batches of 32, 3 epochs and fraction 0.5 give 2344.
    """
    # BEGIN SOLUTION p1.warmup
    total = math.ceil(samples / batch_size) * epochs
    return math.floor(fraction * total + 1e-9)
    # END SOLUTION


def peak_factor(samples: int, batch_size: int, epochs: int, warmup: int) -> float:
    """Return the largest share of the peak learning rate that a run reaches.

    At step s = 0, 1, ..., total - 1 the share is s / warmup, and 1 from step `warmup` on. Without a warm-up
    (warmup=0) it is 1 from the first step.

    Args:
        samples, batch_size, epochs: 1 or more; steps are counted as in `warmup_steps`.
        warmup: warm-up steps, 0 or more; it may exceed the run.

    Example: 1,000 samples, batches of 10, 2 epochs and 400 warm-up steps give 0.4975.
    """
    # BEGIN SOLUTION p1.warmup
    total = math.ceil(samples / batch_size) * epochs
    return 1.0 if warmup == 0 else min(1.0, (total - 1) / warmup)
    # END SOLUTION


# ---- p1.choose ---------------------------------------------------------------------------------------------


def choose(scenario: Scenario) -> Choice:
    """Choose an optimizer, its peak learning rate, its weight decay and its schedule for a scenario.

    Samples, batch size and number of epochs differ from call to call, so step counts and milestones have to
    be computed from them. The README says what is judged.

    Example: a prototype is well served by Adam's own default learning rate of 1e-3.
    """
    # BEGIN SOLUTION p1.choose
    common = {
        "betas": (0.9, 0.999),
        "milestones": (),
        "gamma": 1.0,
        "final_fraction": 0.0,
        "step_on": "batch",
    }
    run = (scenario.samples, scenario.batch_size, scenario.epochs)
    if scenario.kind == "prototype":
        return Choice(
            optimizer="adam",
            lr=1e-3,
            momentum=0.0,
            weight_decay=0.0,
            schedule="constant",
            warmup_steps=0,
            **common,
        )
    if scenario.kind == "production":
        return Choice(
            optimizer="sgd",
            lr=0.1 * scenario.batch_size / 256,
            momentum=0.9,
            weight_decay=1e-4,
            schedule="cosine",
            warmup_steps=warmup_steps(*run, 0.05),
            **common,
        )
    return Choice(
        optimizer="adamw",
        lr=2e-5,
        momentum=0.0,
        weight_decay=0.01,
        schedule="linear",
        warmup_steps=warmup_steps(*run, 0.1),
        **common,
    )
    # END SOLUTION


# ---- p1.build ----------------------------------------------------------------------------------------------


def build(
    choice: Choice, model: torch.nn.Module, epochs: int, steps_per_epoch: int
) -> tuple[Optimizer, LRScheduler | None, Literal["batch", "epoch"]]:
    """Build the optimizer and the scheduler that a choice describes.

    The training loop calls optimizer.step() after every batch, and scheduler.step() after every batch if the
    unit is "batch", after every epoch if it is "epoch". The README defines the learning rate at each step;
    by it a milestone inside the warm-up counts from the end of the warm-up on.

    Args:
        choice: any legal choice, with fewer warm-up steps than the run has.
        model: all its parameters are to be trained, biases included, with the same settings.
        epochs, steps_per_epoch: the length of the run, 1 or more.

    Returns:
        (optimizer, scheduler, unit): a torch optimizer, a torch scheduler (None if the rate never changes),
        and "batch" or "epoch".

    Example: lr=0.4 with warmup_steps=4 on "batch" gives the first five batches 0, 0.1, 0.2, 0.3 and 0.4.
    """
    # BEGIN SOLUTION p1.build
    if choice.optimizer == "sgd":
        optimizer: Optimizer = torch.optim.SGD(
            model.parameters(), lr=choice.lr, momentum=choice.momentum, weight_decay=choice.weight_decay
        )
    else:
        kind = torch.optim.AdamW if choice.optimizer == "adamw" else torch.optim.Adam
        optimizer = kind(
            model.parameters(), lr=choice.lr, betas=choice.betas, weight_decay=choice.weight_decay
        )
    per_epoch = 1 if choice.step_on == "epoch" else steps_per_epoch
    total = epochs * per_epoch

    def factor(step: int) -> float:
        if step < choice.warmup_steps:
            return step / choice.warmup_steps
        if choice.schedule == "constant":
            return 1.0
        if choice.schedule == "step":
            return choice.gamma ** sum(milestone <= step // per_epoch for milestone in choice.milestones)
        done = (step - choice.warmup_steps) / (total - choice.warmup_steps)
        remaining = 1 - done if choice.schedule == "linear" else (1 + math.cos(math.pi * done)) / 2
        return choice.final_fraction + (1 - choice.final_fraction) * remaining

    return optimizer, torch.optim.lr_scheduler.LambdaLR(optimizer, factor), choice.step_on
    # END SOLUTION


# ---- p1.reasons --------------------------------------------------------------------------------------------

# Why each choice: a dict with the keys "prototype", "production" and "finetuning", and for each of them the
# set of those ids of given.REASON_IDS that are true and speak for the choice in this scenario.
# BEGIN SOLUTION p1.reasons
REASONS: dict[str, set[str]] | None = {
    "prototype": {"defaults_work_untuned", "per_parameter_step_sizes", "fast_early_progress"},
    "production": {"high_rate_then_decay", "time_to_tune", "momentum_sgd_strong_on_cnns"},
    "finetuning": {
        "small_steps_keep_features",
        "decoupled_decay",
        "warmup_calms_first_steps",
        "warmup_must_fit_run",
    },
}
# END SOLUTION
