"""Optimizer choice with small classes: the run, the recipes, the curve of the rate and its scheduler."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from given import Choice, Scenario
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler


@dataclass(frozen=True)
class Run:
    """A training run, counted in optimizer steps."""

    samples: int
    batch_size: int
    epochs: int

    @property
    def steps(self) -> int:
        return (self.samples + self.batch_size - 1) // self.batch_size * self.epochs

    def share(self, fraction: float) -> int:
        """Whole steps in a fraction of the run."""
        return math.floor(self.steps * fraction + 1e-9)


def warmup_steps(samples: int, batch_size: int, epochs: int, fraction: float) -> int:
    """Return the whole number of steps in a fraction of the run."""
    return Run(samples, batch_size, epochs).share(fraction)


def peak_factor(samples: int, batch_size: int, epochs: int, warmup: int) -> float:
    """Return the largest share of the peak learning rate that a run reaches."""
    return Ramp(warmup)(Run(samples, batch_size, epochs).steps - 1)


@dataclass(frozen=True)
class Ramp:
    """The linear warm-up, 1 from its end on."""

    length: int

    def __call__(self, s: int) -> float:
        return s / self.length if s < self.length else 1.0


@dataclass(frozen=True)
class Recipes:
    """The plans for the three scenarios, fitted to one run."""

    run: Run

    def prototype(self) -> Choice:
        return self._choice(optimizer="adamw", lr=1e-3, weight_decay=0.01, schedule="constant")

    def production(self) -> Choice:
        return self._choice(
            optimizer="sgd",
            lr=0.1 * self.run.batch_size / 256,
            weight_decay=5e-4,
            schedule="cosine",
            warmup_steps=self.run.share(0.03),
        )

    def finetuning(self) -> Choice:
        # a tenth of a short run may be a single step, of which 6 % would leave nothing
        warmup = max(self.run.share(0.06), min(1, self.run.share(0.1)))
        return self._choice(
            optimizer="adamw", lr=2e-5, weight_decay=0.01, schedule="linear", warmup_steps=warmup
        )

    @staticmethod
    def _choice(
        optimizer: Literal["sgd", "adam", "adamw"],
        lr: float,
        weight_decay: float,
        schedule: Literal["constant", "linear", "cosine", "step"],
        warmup_steps: int = 0,
    ) -> Choice:
        return Choice(
            optimizer=optimizer,
            lr=lr,
            momentum=0.9,
            betas=(0.9, 0.999),
            weight_decay=weight_decay,
            schedule=schedule,
            warmup_steps=warmup_steps,
            milestones=(),
            gamma=0.1,
            final_fraction=0.0,
            step_on="batch",
        )


def choose(scenario: Scenario) -> Choice:
    """Choose a plan for a scenario."""
    recipes = Recipes(Run(scenario.samples, scenario.batch_size, scenario.epochs))
    return {
        "prototype": recipes.prototype,
        "production": recipes.production,
        "finetuning": recipes.finetuning,
    }[scenario.kind]()


class Curve:
    """The factor of every batch of a run, as a choice defines it."""

    def __init__(self, choice: Choice, epochs: int, steps_per_epoch: int) -> None:
        self.choice = choice
        self.steps_per_epoch = steps_per_epoch
        self.batches_per_s = steps_per_epoch if choice.step_on == "epoch" else 1
        self.ramp = Ramp(choice.warmup_steps)
        self.total = epochs * steps_per_epoch // self.batches_per_s
        shapes: dict[str, Callable[[int], float]] = {
            "constant": lambda batch: 1.0,
            "linear": lambda batch: self._above_floor(1 - self._done(batch)),
            "cosine": lambda batch: self._above_floor((1 + math.cos(math.pi * self._done(batch))) / 2),
            "step": self._stairs,
        }
        self.shape = shapes[choice.schedule]

    def _done(self, batch: int) -> float:
        return (batch // self.batches_per_s - self.ramp.length) / (self.total - self.ramp.length)

    def _above_floor(self, share: float) -> float:
        return self.choice.final_fraction + (1 - self.choice.final_fraction) * share

    def _stairs(self, batch: int) -> float:
        epoch = batch // self.steps_per_epoch
        return self.choice.gamma ** len([m for m in self.choice.milestones if m <= epoch])

    def __call__(self, batch: int) -> float:
        s = batch // self.batches_per_s
        return self.ramp(s) if s < self.ramp.length else self.shape(batch)


class CurveLR(LRScheduler):
    """Sets the rate of each batch from a curve."""

    def __init__(self, optimizer: Optimizer, curve: Curve) -> None:
        self.curve = curve
        super().__init__(optimizer)

    def get_lr(self) -> list[float]:
        return [base * self.curve(self.last_epoch) for base in self.base_lrs]


def build(
    choice: Choice, model: torch.nn.Module, epochs: int, steps_per_epoch: int
) -> tuple[Optimizer, LRScheduler | None, Literal["batch", "epoch"]]:
    """Build the optimizer and a scheduler that is stepped after each batch, whatever the choice's unit."""
    makers: dict[str, Callable[[], Optimizer]] = {
        "sgd": lambda: torch.optim.SGD(
            model.parameters(), lr=choice.lr, momentum=choice.momentum, weight_decay=choice.weight_decay
        ),
        "adam": lambda: torch.optim.Adam(
            model.parameters(), lr=choice.lr, betas=choice.betas, weight_decay=choice.weight_decay
        ),
        "adamw": lambda: torch.optim.AdamW(
            model.parameters(), lr=choice.lr, betas=choice.betas, weight_decay=choice.weight_decay
        ),
    }
    optimizer = makers[choice.optimizer]()
    return optimizer, CurveLR(optimizer, Curve(choice, epochs, steps_per_epoch)), "batch"


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
        "per_parameter_step_sizes",
        "small_steps_keep_features",
        "warmup_calms_first_steps",
        "warmup_must_fit_run",
    },
}
