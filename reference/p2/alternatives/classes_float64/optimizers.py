"""Optimizers with small classes: schedules and averages are objects, each defect is a registered rule."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import torch
from given import Plan, PlanSheet, Scenario
from torch import Tensor, nn
from torch.optim.lr_scheduler import LambdaLR, ReduceLROnPlateau


@dataclass(frozen=True)
class Schedule:
    """A linear warm-up, then a curve from 1 to the floor."""

    total: int
    warmup: int
    curve: Callable[[float], float]
    floor: float = 0.0

    def __call__(self, step: int) -> float:
        if step < self.warmup:
            return step / self.warmup
        done = (step - self.warmup) / (self.total - self.warmup)
        return self.floor + (1.0 - self.floor) * self.curve(min(1.0, done))


def _line(done: float) -> float:
    return 1.0 - done


def _half_cosine(done: float) -> float:
    return 0.5 + 0.5 * math.cos(math.pi * done)


def linear_warmup_decay(step: int, total: int, warmup: int) -> float:
    """Factor of a linear warm-up followed by a linear decay to 0."""
    return Schedule(total, warmup, _line)(step)


def warmup_cosine(step: int, total: int, warmup: int, floor: float = 0.0) -> float:
    """Factor of a linear warm-up followed by half a cosine down to the floor."""
    return Schedule(total, warmup, _half_cosine, floor)(step)


@dataclass(frozen=True)
class Stairs:
    """gamma for each milestone reached."""

    milestones: tuple[int, ...]
    gamma: float

    def __call__(self, epoch: int) -> float:
        return math.prod(self.gamma for milestone in self.milestones if milestone <= epoch)


def multi_step(epoch: int, milestones: list[int], gamma: float) -> float:
    """Factor of an epoch: gamma for each milestone reached."""
    return float(Stairs(tuple(milestones), gamma)(epoch))


def last_factor(epochs: int, milestones: list[int], gamma: float) -> float:
    """Factor of the last epoch of a run."""
    return multi_step(epochs - 1, milestones, gamma)


def scaled_lr(base: float, batch: int, reference: int = 256) -> float:
    """Learning rate for a batch size, by the linear scaling rule."""
    return base * (batch / reference)


def sgd_step(
    p: Tensor,
    grad: Tensor,
    state: dict[str, Any],
    *,
    lr: float,
    momentum: float = 0.0,
    nesterov: bool = False,
    weight_decay: float = 0.0,
) -> Tensor:
    """Take one step of SGD."""
    pull = grad + weight_decay * p
    if momentum == 0:
        return p - lr * pull
    # the state outlives the call, so the first velocity must not share memory with the gradient
    state["velocity"] = pull.clone() if not state else momentum * state["velocity"] + pull
    return p - lr * (pull + momentum * state["velocity"] if nesterov else state["velocity"])


class Average:
    """A running average that starts at 0 and knows how much of a whole average it is."""

    def __init__(self, like: Tensor) -> None:
        self.value = torch.zeros_like(like)
        self.updates = 0

    def update(self, seen: Tensor, beta: float) -> None:
        self.value = beta * self.value + (1 - beta) * seen
        self.updates += 1
        self.whole = 1 - beta**self.updates

    def read(self, corrected: bool) -> Tensor:
        return self.value / self.whole if corrected else self.value


@dataclass(frozen=True)
class Adam:
    """What both Adams have in common: the two averages, kept in the state, and the direction they give."""

    betas: tuple[float, float]
    eps: float
    bias_correction: Literal["both", "second", "none"]

    def direction(self, grad: Tensor, state: dict[str, Any]) -> Tensor:
        first = state.setdefault("first", Average(grad))
        second = state.setdefault("second", Average(grad))
        first.update(grad, self.betas[0])
        second.update(grad.square(), self.betas[1])
        root = second.read(self.bias_correction in ("both", "second")).sqrt()
        return first.read(self.bias_correction == "both") / (root + self.eps)


def adam_step(
    p: Tensor,
    grad: Tensor,
    state: dict[str, Any],
    *,
    lr: float,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
    weight_decay: float = 0.0,
    bias_correction: Literal["both", "second", "none"] = "both",
) -> Tensor:
    """Take one step of Adam, whose weight decay is an L2 term."""
    return p - lr * Adam(betas, eps, bias_correction).direction(grad + weight_decay * p, state)


def adamw_step(
    p: Tensor,
    grad: Tensor,
    state: dict[str, Any],
    *,
    lr: float,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
    weight_decay: float = 0.01,
    bias_correction: Literal["both", "second", "none"] = "both",
) -> Tensor:
    """Take one step of AdamW, which shrinks p and keeps the decay out of the averages."""
    shrunk = p * (1 - lr * weight_decay)
    return shrunk - lr * Adam(betas, eps, bias_correction).direction(grad, state)


def param_groups(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Divide a model's parameters into those that are decayed and those that are not."""
    embeddings = {layer.weight for layer in model.modules() if isinstance(layer, nn.Embedding)}

    def is_decayed(parameter: nn.Parameter) -> bool:
        # parameters hash by identity, so the set never compares numbers
        return parameter.ndim >= 2 and parameter not in embeddings

    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    return [
        {"params": [p for p in trained if is_decayed(p)], "weight_decay": weight_decay},
        {"params": [p for p in trained if not is_decayed(p)], "weight_decay": 0.0},
    ]


@dataclass(frozen=True)
class Planner:
    """The plans for one request."""

    scenario: Scenario
    model: nn.Module

    def bert(self) -> Plan:
        epochs = 3
        total = epochs * self.scenario.steps_per_epoch
        optimizer = torch.optim.AdamW(param_groups(self.model, 0.01), lr=3e-5)
        return Plan(
            optimizer=optimizer,
            scheduler=LambdaLR(optimizer, Schedule(total, total // 10, _half_cosine).__call__),
            step_on="batch",
            epochs=epochs,
            dropout=0.1,
            early_stopping_patience=None,
        )

    def resnet(self) -> Plan:
        epochs, steps = 120, self.scenario.steps_per_epoch
        stairs = Stairs((30, 60, 90), 0.1)
        warmup = 5 * steps if self.scenario.batch_size >= 1024 else 0

        def factor(step: int) -> float:
            return step / warmup if step < warmup else stairs(step // steps)

        optimizer = torch.optim.SGD(
            param_groups(self.model, 1e-4), lr=scaled_lr(0.1, self.scenario.batch_size), momentum=0.9
        )
        return Plan(
            optimizer=optimizer,
            scheduler=LambdaLR(optimizer, factor),
            step_on="batch",
            epochs=epochs,
            dropout=0.0,
            early_stopping_patience=None,
        )

    def mlp(self) -> Plan:
        optimizer = torch.optim.AdamW(self.model.parameters(), lr=5e-4, weight_decay=0.05)
        return Plan(
            optimizer=optimizer,
            scheduler=ReduceLROnPlateau(optimizer, factor=0.5, patience=4),
            step_on="val_loss",
            epochs=400,
            dropout=0.2,
            early_stopping_patience=15,
        )


def configure(scenario: Scenario, model: nn.Module) -> Plan:
    """Plan the training of a model in a scenario."""
    planner = Planner(scenario, model)
    return {"bert": planner.bert, "resnet": planner.resnet, "mlp": planner.mlp}[scenario.kind]()


Rule = Callable[[PlanSheet], bool]
_RULES: dict[str, Rule] = {}


def _defect(rule: Rule) -> Rule:
    """Enter a rule under its name."""
    _RULES[rule.__name__] = rule
    return rule


@_defect
def decays_norms(sheet: PlanSheet) -> bool:
    """Norms are pulled to 0."""
    return sheet.weight_decay > 0 and "norm" in sheet.decayed_kinds


@_defect
def l2_in_adam(sheet: PlanSheet) -> bool:
    """The decay of a transformer is divided by the root."""
    return sheet.weight_decay > 0 and (sheet.model, sheet.optimizer) == ("transformer", "adam")


@_defect
def lr_not_scaled(sheet: PlanSheet) -> bool:
    """The rate does not go with the batch."""
    if (sheet.model, sheet.pretrained, sheet.optimizer) != ("cnn", False, "sgd"):
        return False
    usual = scaled_lr(0.1, sheet.batch)
    return max(sheet.lr / usual, usual / sheet.lr) >= 4


@_defect
def milestone_never_acts(sheet: PlanSheet) -> bool:
    """A milestone lies behind the last epoch."""
    return sheet.schedule == "step" and max(sheet.milestones, default=0) >= sheet.epochs


@_defect
def no_warmup_large_batch(sheet: PlanSheet) -> bool:
    """The scaled rate meets random weights."""
    return sheet.batch >= 1024 and sheet.warmup_steps == 0


@_defect
def rate_for_scratch(sheet: PlanSheet) -> bool:
    """The rate is too high for weights that were trained before."""
    return sheet.pretrained and sheet.lr >= 3e-4


@_defect
def warmup_exceeds_run(sheet: PlanSheet) -> bool:
    """The run ends before its warm-up."""
    return sheet.warmup_steps >= sheet.epochs * math.ceil(sheet.samples / sheet.batch)


@_defect
def wrong_step_unit(sheet: PlanSheet) -> bool:
    """The schedule's length has another unit than its steps."""
    return sheet.schedule != "constant" and sheet.horizon_unit != sheet.step_on


def review(sheet: PlanSheet) -> set[str]:
    """Name the defects of a plan on paper."""
    return {name for name, rule in _RULES.items() if rule(sheet)}


REASONS: dict[str, set[str]] | None = {
    "bert": {
        "decoupled_decay",
        "few_rows_regularise",  # some thousand reviews for a large model
        "head_and_backbone_differ",
        "matches_pretraining",
        "small_steps_keep_features",
        "well_studied_recipe",
    },
    "resnet": {
        "momentum_sgd_strong_on_cnns",
        "rate_scales_with_batch",
        "warmup_for_large_batch",
        "well_studied_recipe",
    },
    "mlp": {"few_rows_regularise", "optimizer_matters_little", "rate_follows_validation"},
}
