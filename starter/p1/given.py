"""Given code of assignment p1: the training situations, the choice of an optimizer, and the list of reasons.

Nothing here is handed in: the judge uses its own copy, so changes to this file do not count.
"""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """A training situation for which an optimizer is to be chosen; the README describes the three kinds."""

    kind: Literal["prototype", "production", "finetuning"]
    samples: int  # training samples, 1 or more
    batch_size: int  # samples per optimizer step; the last, smaller batch of an epoch counts as a step
    epochs: int  # passes over the training samples


@dataclass(frozen=True, kw_only=True)
class Choice:
    """An optimizer and its learning-rate schedule.

    Every field is required, so that nothing is left to a default that nobody thought about. A field that the
    chosen optimizer or schedule does not use is ignored: any legal value will do. The README defines the
    learning rate at each step.
    """

    optimizer: Literal["sgd", "adam", "adamw"]
    lr: float  # peak learning rate, > 0
    momentum: float  # sgd only; 0.0 is plain SGD
    betas: tuple[float, float]  # adam and adamw only
    weight_decay: (
        float  # as the optimizer of that name understands it: L2 in sgd and adam, decoupled in adamw
    )
    schedule: Literal["constant", "linear", "cosine", "step"]  # what happens after the warm-up
    warmup_steps: int  # length of the linear warm-up, in units of step_on; 0 for none
    milestones: tuple[int, ...]  # step only: epochs at whose start the rate is multiplied by gamma
    gamma: float  # step only
    final_fraction: float  # linear and cosine only: the share of the peak at which the schedule ends
    step_on: Literal["batch", "epoch"]  # how often the learning rate changes


REASON_IDS: dict[str, str] = {
    "adam_cannot_diverge": "Adam limits its own steps, so a run with it cannot diverge.",
    "adam_needs_no_learning_rate": "Adam adapts its steps, so its learning rate needs no choosing.",
    "decay_seeks_sharp_minimum": "The decaying rate lets the run settle in a sharp minimum, the best kind.",
    "decoupled_decay": "Weight decay acts on the weights themselves, apart from the adaptive step.",
    "defaults_work_untuned": "The default settings train most networks tolerably without any search.",
    "fast_early_progress": "The loss falls quickly in the first minutes.",
    "flat_minima_often_claimed": "Noisy SGD is often said to end in flat minima, which generalise.",
    "high_rate_then_decay": "A high rate explores first, and its decay refines afterwards.",
    "l2_in_adam_equals_decay": "An L2 term in Adam's gradient does the same as decoupled weight decay.",
    "momentum_sgd_strong_on_cnns": "Momentum SGD is a strong, well-studied recipe for CNNs.",
    "more_warmup_is_always_safer": "A longer warm-up is safer in every run, however short the run is.",
    "per_parameter_step_sizes": "Each parameter gets its own step size, whatever its gradient's scale.",
    "schedule_not_needed_yet": "A short trial run can do without a learning-rate schedule.",
    "sgd_always_generalises_better": "SGD generalises better than adaptive methods on every problem.",
    "small_data_needs_large_steps": "Few samples mean few steps, so each step has to be large.",
    "small_steps_keep_features": "Small steps keep what the network has already learned.",
    "time_to_tune": "There is time to search for a good rate and schedule.",
    "warmup_calms_first_steps": "A warm-up keeps the first steps small while the gradient statistics settle.",
    "warmup_must_fit_run": "The warm-up has to be a small part of the steps that this run really has.",
    "warmup_revives_dead_relus": "A warm-up brings dead ReLU units back to life.",
}
"""Reason id -> what it claims. Some claims are false; a true one need not fit every scenario."""
