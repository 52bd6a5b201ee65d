"""Optimizers with in-place updates of p and of the averages, loops, and early returns."""

import math
from typing import Any, Literal

import torch
from given import Plan, PlanSheet, Scenario
from torch import Tensor, nn
from torch.optim import SGD, AdamW
from torch.optim.lr_scheduler import LambdaLR, ReduceLROnPlateau


def linear_warmup_decay(step: int, total: int, warmup: int) -> float:
    """Factor of a linear warm-up followed by a linear decay to 0."""
    if step >= total:
        return 0.0
    if step < warmup:
        return step / warmup
    return (total - step) / (total - warmup)


def warmup_cosine(step: int, total: int, warmup: int, floor: float = 0.0) -> float:
    """Factor of a linear warm-up followed by half a cosine down to the floor."""
    if step >= total:
        return floor
    if step < warmup:
        return step / warmup
    factor = 1.0 + math.cos(math.pi * (step - warmup) / (total - warmup))
    factor *= (1.0 - floor) / 2
    factor += floor
    return factor


def multi_step(epoch: int, milestones: list[int], gamma: float) -> float:
    """Factor of an epoch, lowered at each milestone on the way to it."""
    factor = 1.0
    for milestone in milestones:
        if milestone > epoch:
            break
        factor *= gamma
    return factor


def last_factor(epochs: int, milestones: list[int], gamma: float) -> float:
    """Factor of the last epoch of a run, which has the number epochs - 1."""
    return multi_step(epochs - 1, milestones, gamma)


def scaled_lr(base: float, batch: int, reference: int = 256) -> float:
    """Learning rate for a batch size, by the linear scaling rule."""
    base *= batch
    base /= reference
    return base


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
    """Take one step of SGD; p is updated in place."""
    if weight_decay:
        grad = grad.add(p, alpha=weight_decay)
    if not momentum:
        return p.sub_(grad, alpha=lr)
    if "velocity" not in state:
        state["velocity"] = grad.clone()
    else:
        state["velocity"].mul_(momentum).add_(grad)
    p.sub_(state["velocity"], alpha=lr * momentum if nesterov else lr)
    return p.sub_(grad, alpha=lr) if nesterov else p


def _adam_(
    p: Tensor,
    grad: Tensor,
    state: dict[str, Any],
    lr: float,
    betas: tuple[float, float],
    eps: float,
    bias_correction: str,
) -> Tensor:
    """Move p by one step of Adam without any decay; a third buffer holds the denominator."""
    if not state:
        state["t"] = 0
        for name in ("average", "square", "buffer"):
            state[name] = torch.zeros_like(p)
    state["t"] += 1
    average, square, buffer = state["average"], state["square"], state["buffer"]
    average.mul_(betas[0]).add_(grad, alpha=1 - betas[0])
    square.mul_(betas[1]).addcmul_(grad, grad, value=1 - betas[1])

    buffer.copy_(square)
    if bias_correction != "none":
        buffer.div_(1 - betas[1] ** state["t"])
    buffer.sqrt_().add_(eps)
    if bias_correction == "both":
        lr /= 1 - betas[0] ** state["t"]
    return p.addcdiv_(average, buffer, value=-lr)


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
    """Take one step of Adam, whose weight decay is an L2 term; p is updated in place."""
    if weight_decay:
        grad = grad.add(p, alpha=weight_decay)
    return _adam_(p, grad, state, lr, betas, eps, bias_correction)


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
    """Take one step of AdamW; p shrinks in place, then moves in place."""
    p.mul_(1 - lr * weight_decay)
    return _adam_(p, grad, state, lr, betas, eps, bias_correction)


def param_groups(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Fill a group of decayed and a group of spared parameters, one parameter after the other."""
    decayed: dict[str, Any] = {"params": [], "weight_decay": weight_decay}
    spared: dict[str, Any] = {"params": [], "weight_decay": 0.0}
    embeddings = [layer.weight for layer in model.modules() if isinstance(layer, nn.Embedding)]
    for parameter in model.parameters():
        if not parameter.requires_grad:
            continue
        group = spared if parameter.dim() < 2 else decayed
        for weight in embeddings:
            if parameter is weight:
                group = spared
                break
        group["params"].append(parameter)
    return [decayed, spared]


def _plan_bert(scenario: Scenario, model: nn.Module) -> Plan:
    """Four epochs; the new head learns faster than the encoder."""
    epochs = 4
    total = epochs * scenario.steps_per_epoch
    warmup = int(0.06 * total)
    head = {id(parameter) for parameter in model.head.parameters()}
    groups = []
    for group in param_groups(model, 0.01):
        for rate, of_head in ((3e-5, False), (1e-4, True)):
            params = [p for p in group["params"] if (id(p) in head) == of_head]
            groups.append({"params": params, "weight_decay": group["weight_decay"], "lr": rate})
    optimizer = AdamW(groups)
    return Plan(
        optimizer=optimizer,
        scheduler=LambdaLR(optimizer, lambda step: warmup_cosine(step, total, warmup)),
        step_on="batch",
        epochs=epochs,
        dropout=0.1,
        early_stopping_patience=None,
    )


def _plan_resnet(scenario: Scenario, model: nn.Module) -> Plan:
    """By ten at epochs 30, 60 and 80 of 90; a large batch climbs to its rate in five epochs."""
    large = scenario.batch_size >= 1024
    optimizer = SGD(
        model.parameters(), lr=scaled_lr(0.1, scenario.batch_size), momentum=0.9, weight_decay=1e-4
    )

    def factor(epoch: int) -> float:
        if large and epoch < 5:
            # a whole epoch at rate 0 would be lost
            return (epoch + 1) / 6
        return multi_step(epoch, [30, 60, 80], 0.1)

    return Plan(
        optimizer=optimizer,
        scheduler=LambdaLR(optimizer, factor),
        step_on="epoch",
        epochs=90,
        dropout=0.0,
        early_stopping_patience=None,
    )


def _plan_mlp(model: nn.Module) -> Plan:
    """Momentum SGD; the rate gives way after 6 epochs, the run after 25."""
    optimizer = SGD(model.parameters(), lr=0.02, momentum=0.9, weight_decay=1e-3)
    return Plan(
        optimizer=optimizer,
        scheduler=ReduceLROnPlateau(optimizer, mode="min", factor=0.1, patience=6),
        step_on="val_loss",
        epochs=500,
        dropout=0.5,
        early_stopping_patience=25,
    )


def configure(scenario: Scenario, model: nn.Module) -> Plan:
    """Plan the training of a model in a scenario."""
    if scenario.kind == "bert":
        return _plan_bert(scenario, model)
    if scenario.kind == "resnet":
        return _plan_resnet(scenario, model)
    return _plan_mlp(model)


def review(sheet: PlanSheet) -> set[str]:
    """Name the defects of a plan on paper, one question after the other."""
    found: set[str] = set()
    if sheet.weight_decay > 0:
        if "norm" in sheet.decayed_kinds:
            found.add("decays_norms")
        if sheet.model == "transformer" and sheet.optimizer == "adam":
            found.add("l2_in_adam")
    if sheet.pretrained:
        if sheet.lr >= 3e-4:
            found.add("rate_for_scratch")
    elif sheet.model == "cnn" and sheet.optimizer == "sgd":
        usual = scaled_lr(0.1, sheet.batch)
        if sheet.lr >= 4 * usual or 4 * sheet.lr <= usual:
            found.add("lr_not_scaled")
    if sheet.schedule == "step":
        for milestone in sheet.milestones:
            if milestone >= sheet.epochs:
                found.add("milestone_never_acts")
    if sheet.schedule != "constant" and sheet.horizon_unit != sheet.step_on:
        found.add("wrong_step_unit")
    if sheet.warmup_steps == 0:
        if sheet.batch >= 1024:
            found.add("no_warmup_large_batch")
        return found
    batches, rest = divmod(sheet.samples, sheet.batch)
    if rest:
        batches += 1
    if sheet.warmup_steps >= batches * sheet.epochs:
        found.add("warmup_exceeds_run")
    return found


REASONS: dict[str, set[str]] | None = {
    "bert": {"decoupled_decay", "matches_pretraining", "small_steps_keep_features"},
    "resnet": {"momentum_sgd_strong_on_cnns", "rate_scales_with_batch", "warmup_for_large_batch"},
    "mlp": {"few_rows_regularise", "optimizer_matters_little", "rate_follows_validation"},
}
REASONS["bert"] |= {"head_and_backbone_differ", "well_studied_recipe"}
REASONS["resnet"] |= {"well_studied_recipe"}
