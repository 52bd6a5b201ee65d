"""Optimizers configured in the shortest clear way, with the formulas as they stand in the handout."""

import math
from typing import Any, Literal

import torch
from given import Plan, PlanSheet, Scenario
from torch import Tensor, nn
from torch.optim.lr_scheduler import LambdaLR, ReduceLROnPlateau


def linear_warmup_decay(step: int, total: int, warmup: int) -> float:
    """Factor of a linear warm-up followed by a linear decay to 0."""
    if step < warmup:
        return step / warmup
    return 1 - min(1.0, (step - warmup) / (total - warmup))


def warmup_cosine(step: int, total: int, warmup: int, floor: float = 0.0) -> float:
    """Factor of a linear warm-up followed by half a cosine down to the floor."""
    if step < warmup:
        return step / warmup
    done = min(1.0, (step - warmup) / (total - warmup))
    return floor + (1 - floor) * (1 + math.cos(math.pi * done)) / 2


def multi_step(epoch: int, milestones: list[int], gamma: float) -> float:
    """Factor of an epoch: gamma for each milestone reached."""
    return gamma ** sum(milestone <= epoch for milestone in milestones)


def last_factor(epochs: int, milestones: list[int], gamma: float) -> float:
    """Factor of the last epoch of a run."""
    return multi_step(epochs - 1, milestones, gamma)


def scaled_lr(base: float, batch: int, reference: int = 256) -> float:
    """Learning rate for a batch size, by the linear scaling rule."""
    return base * batch / reference


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
    grad = grad + weight_decay * p
    velocity = momentum * state["velocity"] + grad if "velocity" in state else grad
    state["velocity"] = velocity
    return p - lr * (grad + momentum * velocity if nesterov else velocity)


def _direction(
    grad: Tensor, state: dict[str, Any], betas: tuple[float, float], eps: float, bias_correction: str
) -> Tensor:
    """Average of the gradients over the root of the average of their squares."""
    beta1, beta2 = betas
    t = state["t"] = state.get("t", 0) + 1
    m = state["m"] = beta1 * state.get("m", torch.zeros_like(grad)) + (1 - beta1) * grad
    v = state["v"] = beta2 * state.get("v", torch.zeros_like(grad)) + (1 - beta2) * grad**2
    if bias_correction == "both":
        m = m / (1 - beta1**t)
    if bias_correction != "none":
        v = v / (1 - beta2**t)
    return m / (v.sqrt() + eps)


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
    return p - lr * _direction(grad + weight_decay * p, state, betas, eps, bias_correction)


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
    return p - lr * weight_decay * p - lr * _direction(grad, state, betas, eps, bias_correction)


def param_groups(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Divide a model's parameters into those that are decayed and those that are not."""
    embeddings = {id(layer.weight) for layer in model.modules() if isinstance(layer, nn.Embedding)}
    decayed, spared = [], []
    for parameter in model.parameters():
        if parameter.requires_grad:
            is_spared = parameter.ndim < 2 or id(parameter) in embeddings
            (spared if is_spared else decayed).append(parameter)
    return [{"params": decayed, "weight_decay": weight_decay}, {"params": spared, "weight_decay": 0.0}]


def configure(scenario: Scenario, model: nn.Module) -> Plan:
    """Plan the training of a model in a scenario."""
    if scenario.kind == "bert":
        epochs = 3
        total = epochs * scenario.steps_per_epoch
        optimizer = torch.optim.AdamW(param_groups(model, 0.01), lr=2e-5)
        return Plan(
            optimizer=optimizer,
            scheduler=LambdaLR(optimizer, lambda step: linear_warmup_decay(step, total, total // 10)),
            step_on="batch",
            epochs=epochs,
            dropout=0.1,
            early_stopping_patience=None,
        )
    if scenario.kind == "resnet":
        epochs = 90
        total, warmup = epochs * scenario.steps_per_epoch, 5 * scenario.steps_per_epoch
        optimizer = torch.optim.SGD(
            param_groups(model, 1e-4), lr=scaled_lr(0.1, scenario.batch_size), momentum=0.9, nesterov=True
        )
        return Plan(
            optimizer=optimizer,
            scheduler=LambdaLR(optimizer, lambda step: warmup_cosine(step, total, warmup)),
            step_on="batch",
            epochs=epochs,
            dropout=0.0,
            early_stopping_patience=None,
        )
    optimizer = torch.optim.AdamW(param_groups(model, 0.01), lr=1e-3)
    return Plan(
        optimizer=optimizer,
        scheduler=ReduceLROnPlateau(optimizer, factor=0.3, patience=5),
        step_on="val_loss",
        epochs=300,
        dropout=0.3,
        early_stopping_patience=20,
    )


def review(sheet: PlanSheet) -> set[str]:
    """Name the defects of a plan on paper."""
    usual = scaled_lr(0.1, sheet.batch)
    steps = sheet.epochs * math.ceil(sheet.samples / sheet.batch)
    scratch_cnn = sheet.model == "cnn" and not sheet.pretrained and sheet.optimizer == "sgd"
    defects = {
        "decays_norms": sheet.weight_decay > 0 and "norm" in sheet.decayed_kinds,
        "l2_in_adam": sheet.model == "transformer" and sheet.optimizer == "adam" and sheet.weight_decay > 0,
        "lr_not_scaled": scratch_cnn and not usual / 4 < sheet.lr < 4 * usual,
        "milestone_never_acts": sheet.schedule == "step" and any(m >= sheet.epochs for m in sheet.milestones),
        "no_warmup_large_batch": sheet.batch >= 1024 and sheet.warmup_steps == 0,
        "rate_for_scratch": sheet.pretrained and sheet.lr >= 3e-4,
        "warmup_exceeds_run": sheet.warmup_steps >= steps,
        "wrong_step_unit": sheet.schedule != "constant" and sheet.horizon_unit != sheet.step_on,
    }
    return {name for name, holds in defects.items() if holds}


REASONS: dict[str, set[str]] | None = {
    "bert": {
        "decoupled_decay",
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
