"""Optimizers by other but equal formulas: minima of lines, weighted means, both moments in one tensor."""

import math
from bisect import bisect_right
from typing import Any, Literal

import torch
from given import Plan, PlanSheet, Scenario
from torch import Tensor, nn
from torch.optim.lr_scheduler import CosineAnnealingLR, LambdaLR, LinearLR, ReduceLROnPlateau, SequentialLR


def _ramp(step: int, warmup: int) -> float:
    return step / warmup if warmup else 1.0


def linear_warmup_decay(step: int, total: int, warmup: int) -> float:
    """Lower one of two lines that meet at the end of the warm-up, and never below 0."""
    return max(0.0, min(_ramp(step, warmup), (total - step) / (total - warmup)))


def warmup_cosine(step: int, total: int, warmup: int, floor: float = 0.0) -> float:
    """Lower one of the ramp and the cosine, with (1 + cos a) / 2 = cos(a / 2)^2."""
    done = min(1.0, max(0.0, (step - warmup) / (total - warmup)))
    return min(_ramp(step, warmup), floor + (1 - floor) * math.cos(math.pi / 2 * done) ** 2)


def multi_step(epoch: int, milestones: list[int], gamma: float) -> float:
    """Power of gamma by the place of the epoch among the milestones."""
    return gamma ** bisect_right(milestones, epoch)


def last_factor(epochs: int, milestones: list[int], gamma: float) -> float:
    """Factor of the last epoch of a run."""
    return multi_step(epochs - 1, milestones, gamma)


def scaled_lr(base: float, batch: int, reference: int = 256) -> float:
    """Learning rate for a batch size, by the linear scaling rule."""
    return batch * base / reference


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
    """Take one step of SGD: with velocity v' = m v + g, nesterov's g + m v' is (1 + m) g + m^2 v."""
    pull = torch.add(grad, p, alpha=weight_decay)
    old = state.get("velocity", torch.zeros_like(pull))
    state["velocity"] = torch.add(pull, old, alpha=momentum)
    if not nesterov:
        return torch.sub(p, state["velocity"], alpha=lr)
    return p - lr * (1 + momentum) * pull - lr * momentum**2 * old


def _direction(
    grad: Tensor, state: dict[str, Any], betas: tuple[float, float], eps: float, bias_correction: str
) -> Tensor:
    """Average of the gradients over the root of the average of their squares.

    Kept are the corrected averages: weighted means of all that was seen, in which what comes new at step t
    has the share (1 - beta) / (1 - beta^t). An uncorrected one is 1 - beta^t of it.
    """
    t = state["t"] = state.get("t", 0) + 1
    seen = torch.stack((grad, grad * grad))
    whole = [1 - beta**t for beta in betas]
    share = seen.new_tensor([(1 - beta) / part for beta, part in zip(betas, whole, strict=True)])
    means = state.get("means", torch.zeros_like(seen))
    state["means"] = means = torch.lerp(means, seen, share.view(2, *(1 for _ in grad.shape)))
    first = 1.0 if bias_correction == "both" else whole[0]
    second = whole[1] if bias_correction == "none" else 1.0
    return first * means[0] / (math.sqrt(second) * means[1].sqrt() + eps)


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
    pull = torch.add(grad, p, alpha=weight_decay)
    return torch.sub(p, _direction(pull, state, betas, eps, bias_correction), alpha=lr)


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
    """Take one step of AdamW: the decay joins the direction when that is already normalised."""
    direction = _direction(grad, state, betas, eps, bias_correction)
    return torch.sub(p, torch.add(direction, p, alpha=weight_decay), alpha=lr)


def param_groups(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Divide a model's parameters by subtracting sets, in which parameters count by identity."""
    trained = dict.fromkeys(p for p in model.parameters() if p.requires_grad)
    embeddings = {layer.weight for layer in model.modules() if isinstance(layer, nn.Embedding)}
    spared = (trained.keys() & embeddings) | {p for p in trained if p.dim() <= 1}
    return [
        {"params": [p for p in trained if p in spared], "weight_decay": 0.0},
        {"params": [p for p in trained if p not in spared], "weight_decay": weight_decay},
    ]


def configure(scenario: Scenario, model: nn.Module) -> Plan:
    """Plan the training of a model in a scenario."""
    if scenario.kind == "bert":
        # the settings with which RoBERTa is fine-tuned
        epochs = 4
        total = epochs * scenario.steps_per_epoch
        warmup = math.floor(0.06 * total)
        optimizer: torch.optim.Optimizer = torch.optim.AdamW(
            param_groups(model, 0.1), lr=2e-5, betas=(0.9, 0.98), eps=1e-6
        )
        return Plan(
            optimizer=optimizer,
            scheduler=LambdaLR(optimizer, lambda step: linear_warmup_decay(step, total, warmup)),
            step_on="batch",
            epochs=epochs,
            dropout=0.1,
            early_stopping_patience=None,
        )
    if scenario.kind == "resnet":
        epochs = 100
        total, warmup = epochs * scenario.steps_per_epoch, 5 * scenario.steps_per_epoch
        optimizer = torch.optim.SGD(
            model.parameters(),
            lr=scaled_lr(0.1, scenario.batch_size),
            momentum=0.9,
            nesterov=True,
            weight_decay=1e-4,
        )
        ramp = LinearLR(optimizer, start_factor=1e-3, total_iters=warmup)
        cosine = CosineAnnealingLR(optimizer, T_max=total - warmup)
        return Plan(
            optimizer=optimizer,
            scheduler=SequentialLR(optimizer, [ramp, cosine], milestones=[warmup]),
            step_on="batch",
            epochs=epochs,
            dropout=0.0,
            early_stopping_patience=None,
        )
    optimizer = torch.optim.SGD(param_groups(model, 1e-3), lr=0.03, momentum=0.9, nesterov=True)
    return Plan(
        optimizer=optimizer,
        scheduler=ReduceLROnPlateau(optimizer, factor=0.2, patience=8),
        step_on="val_loss",
        epochs=500,
        dropout=0.25,
        early_stopping_patience=30,
    )


def review(sheet: PlanSheet) -> set[str]:
    """Name the defects of a plan on paper: each is a set with its name, or an empty one."""

    def named(name: str, *conditions: bool) -> set[str]:
        return {name} if all(conditions) else set()

    ratio = sheet.lr / scaled_lr(0.1, sheet.batch)
    decays = sheet.weight_decay > 0
    steps = -(-sheet.samples // sheet.batch) * sheet.epochs
    return set().union(
        named("decays_norms", decays, "norm" in sheet.decayed_kinds),
        named("l2_in_adam", decays, sheet.model == "transformer", sheet.optimizer == "adam"),
        named(
            "lr_not_scaled",
            sheet.model == "cnn",
            not sheet.pretrained,
            sheet.optimizer == "sgd",
            ratio >= 4 or ratio <= 1 / 4,
        ),
        named(
            "milestone_never_acts",
            sheet.schedule == "step",
            bisect_right(sorted(sheet.milestones), sheet.epochs - 1) < len(sheet.milestones),
        ),
        named("no_warmup_large_batch", sheet.batch >= 1024, not sheet.warmup_steps),
        named("rate_for_scratch", sheet.pretrained, sheet.lr >= 3e-4),
        named("warmup_exceeds_run", sheet.warmup_steps >= steps),
        named("wrong_step_unit", sheet.schedule != "constant", sheet.horizon_unit != sheet.step_on),
    )


_RECIPE = {"well_studied_recipe"}

REASONS: dict[str, set[str]] | None = {
    "bert": _RECIPE | {"decoupled_decay", "matches_pretraining", "small_steps_keep_features"},
    "resnet": _RECIPE | {"momentum_sgd_strong_on_cnns", "rate_scales_with_batch", "warmup_for_large_batch"},
    "mlp": {"few_rows_regularise", "optimizer_matters_little", "rate_follows_validation"},
}
