"""Given with p2, not handed in: scenarios and plans, a driver that plays a plan through, and lists of names.

A grader uses its own copy of this file, so a change here changes nothing in a grade.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler, MultiStepLR, ReduceLROnPlateau

# ---- p2.configure: scenarios, plans, and what happens when a plan is carried out ---------------------------

Kind = Literal["bert", "resnet", "mlp"]
LONGEST_PLAN = 1000  # epochs


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """A training situation; the README describes the three kinds."""

    kind: Kind
    samples: int  # training samples, 1 or more
    batch_size: int  # samples per optimizer step over all devices; the last, smaller batch counts as a step

    @property
    def steps_per_epoch(self) -> int:
        """Optimizer steps in one pass over the samples."""
        return math.ceil(self.samples / self.batch_size)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How a model is to be trained. Every field is required."""

    optimizer: Optimizer  # a real torch optimizer that holds every trainable parameter of the model
    scheduler: Any  # a real torch scheduler of that optimizer, or None: the rate never changes
    step_on: Literal[
        "batch", "epoch", "val_loss"
    ]  # scheduler.step() after each batch or after each epoch, or
    # scheduler.step(validation_loss) after each epoch
    epochs: int  # 1 to 1000; early stopping may end the run before
    dropout: float  # probability with which the hidden units are dropped; 0.0: none
    early_stopping_patience: int | None  # epochs without a better validation loss until the run is stopped


class SmallBert(nn.Module):
    """Stands in for a pre-trained encoder (``encoder``) with a new head (``head``)."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Embedding(40, 16),
            nn.LayerNorm(16),
            nn.Linear(16, 32),
            nn.GELU(),
            nn.Linear(32, 16),
            nn.LayerNorm(16),
        )
        self.head = nn.Linear(16, 2)

    def forward(self, tokens: Tensor) -> Tensor:
        """Logits (N, 2) of tokens (N, T)."""
        return self.head(self.encoder(tokens).mean(dim=1))


def build_model(kind: Kind) -> nn.Module:
    """A small model with the parts that matter for a plan: it stands in for the scenario's real one."""
    if kind == "bert":
        return SmallBert()
    if kind == "resnet":
        return nn.Sequential(
            nn.Conv2d(3, 8, 3, padding=1, bias=False),
            nn.BatchNorm2d(8),
            nn.ReLU(),
            nn.Conv2d(8, 16, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(16),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(16, 10),
        )
    if kind == "mlp":  # about 10,000 parameters
        return nn.Sequential(nn.Linear(30, 80), nn.ReLU(), nn.Linear(80, 80), nn.ReLU(), nn.Linear(80, 2))
    raise ValueError(f"kind is 'bert', 'resnet' or 'mlp', not {kind!r}")


@dataclass(frozen=True)
class Drive:
    """What was seen while a plan was carried out, one entry per optimizer step."""

    rates: list[float]  # highest learning rate of any parameter that is watched
    handed_over: bool  # False: the scheduler did not accept what step_on says it is to be handed
    late_milestones: list[int]  # milestones of a MultiStepLR that lie at or behind the end of the run


def drive(plan: Plan, scenario: Scenario, losses: Sequence[float], watched: Sequence[Tensor]) -> Drive:
    """Carry out a plan without computing anything: note the learning rates, step the scheduler.

    Args:
        losses: validation loss after each epoch; the run ends with them if the plan asks for more epochs.
        watched: parameters whose learning rate is of interest.
    """
    groups = [
        group
        for group in plan.optimizer.param_groups
        if any(held is parameter for held in group["params"] for parameter in watched)
    ]
    scheduler, rates, handed_over = plan.scheduler, [], True
    epochs = min(plan.epochs, len(losses))
    for epoch in range(epochs):
        plan.optimizer.step()  # without gradients nothing moves; torch wants it called before the scheduler
        for _ in range(scenario.steps_per_epoch):
            rates.append(max((float(group["lr"]) for group in groups), default=0.0))
            if scheduler is not None and plan.step_on == "batch":
                handed_over &= _steps(scheduler)
        if scheduler is not None and plan.step_on != "batch":
            handed_over &= _steps(scheduler, *([losses[epoch]] if plan.step_on == "val_loss" else []))
    return Drive(rates, handed_over, _late_milestones(plan, scenario))


def _steps(scheduler: Any, *loss: float) -> bool:
    """Whether the scheduler takes a step with, or without, a loss."""
    wants_loss = isinstance(scheduler, ReduceLROnPlateau)
    if isinstance(scheduler, LRScheduler) and wants_loss != bool(loss):
        return False  # torch itself would raise, or take the loss for the number of an epoch
    scheduler.step(*loss)
    return True


def _late_milestones(plan: Plan, scenario: Scenario) -> list[int]:
    if not isinstance(plan.scheduler, MultiStepLR):
        return []
    length = plan.epochs * (scenario.steps_per_epoch if plan.step_on == "batch" else 1)
    return sorted(milestone for milestone in plan.scheduler.milestones if milestone >= length)


# ---- p2.review: a plan as it is written down before a run --------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class PlanSheet:
    """A plan on paper: what somebody wrote down before a run."""

    model: Literal["cnn", "transformer", "mlp"]
    pretrained: bool  # fine-tuned from pre-trained weights; False: trained from scratch
    samples: int
    batch: int  # samples per optimizer step over all devices; the last, smaller batch counts as a step
    epochs: int
    optimizer: Literal["sgd", "adam", "adamw"]  # weight_decay is L2 in sgd and adam, decoupled in adamw
    nesterov: bool  # sgd only
    betas: tuple[float, float]  # adam and adamw only
    lr: float  # peak learning rate, of the pre-trained part if there is one
    head_lr: float | None  # peak learning rate of a new head; None: the same as lr
    weight_decay: float
    decayed_kinds: tuple[str, ...]  # what weight_decay acts on: "matrix", "bias", "norm", "embedding"
    warmup_steps: int  # optimizer steps of the linear warm-up, which starts at a rate of 0; 0: none
    schedule: Literal["constant", "linear", "cosine", "step"]  # after the warm-up
    milestones: tuple[int, ...]  # schedule "step" only: epochs (always) at whose start the rate is lowered
    horizon_unit: Literal["batch", "epoch"]  # unit in which the scheduler was given its length or milestones;
    # with schedule "constant" it was given neither, and this says nothing
    step_on: Literal["batch", "epoch"]  # how often scheduler.step() is called


FINDINGS: dict[str, str] = {
    "beta2_098": "Adam or AdamW with a second beta of 0.98.",
    "cosine_per_batch": "A cosine whose length is in batches, stepped after each batch.",
    "decay_missing_on_biases": "weight_decay > 0, and biases are not among the decayed kinds.",
    "decays_norms": "weight_decay > 0, and norms are among the decayed kinds.",
    "head_lr_differs": "A new head has a higher learning rate than the pre-trained part.",
    "l2_in_adam": "A transformer is trained with adam and weight_decay > 0.",
    "lr_not_scaled": "A CNN from scratch with sgd, whose lr is 4 times or more away from 0.1 x batch / 256.",
    "lr_zero_at_step_0": "There is a warm-up, so the first step has the rate 0.",
    "milestone_never_acts": "Schedule step, and a milestone is the number of epochs or more.",
    "nesterov_used": "sgd with Nesterov momentum.",
    "no_warmup_large_batch": "A batch of 1,024 or more and no warm-up (this course's rule, for any model).",
    "rate_for_scratch": "A pre-trained model, and lr is 3e-4 or more (this course's rule, for any model).",
    "warmup_exceeds_run": "The warm-up has as many steps as the whole run, or more.",
    "wrong_step_unit": "horizon_unit and step_on differ; a constant schedule has no unit, so never there.",
}
"""Name -> exactly when it holds of a PlanSheet. Holding is not the same as being a defect."""

# ---- p2.reasons --------------------------------------------------------------------------------------------

REASON_IDS: dict[str, str] = {
    "adam_beats_sgd_always": "Adam reaches a better result than SGD on every problem.",
    "decoupled_decay": "AdamW shrinks the weights themselves, apart from the adaptive step.",
    "few_rows_regularise": "A few thousand rows are soon memorised: decay, dropout and early stopping help.",
    "head_and_backbone_differ": "A new head and pre-trained layers have gradients of very different sizes.",
    "matches_pretraining": "The weights were trained with this kind of optimizer before.",
    "momentum_replaces_warmup": "Momentum smooths the first steps, so it makes a warm-up needless.",
    "momentum_sgd_strong_on_cnns": "Momentum SGD is a strong recipe for convolutional networks.",
    "optimizer_matters_little": "Several optimizers do about equally well here.",
    "plateau_needs_no_validation_set": "A plateau schedule makes a validation set needless.",
    "rate_follows_validation": "The length is not known ahead, so the rate falls when validation stalls.",
    "rate_scales_with_batch": "The rate is quoted for a batch of 256 and grows in proportion to the batch.",
    "scale_decay_with_batch": "The weight decay has to be multiplied by batch / 256.",
    "small_model_cannot_overfit": "A network of 10,000 parameters is too small to overfit.",
    "small_steps_keep_features": "Small steps keep what the network has already learned.",
    "warmup_for_large_batch": "A batch this large, with the rate that goes with it, needs a warm-up.",
    "well_studied_recipe": "The recipe has been run and reported many times on this very problem.",
}
"""Reason id -> what it claims. Some claims are false; a true one need not fit every scenario."""
