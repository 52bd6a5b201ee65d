"""Optimizers with NumPy inside: arrays in the update rules, interpolation and products in the schedules."""

from typing import Any, Literal

import numpy as np
import torch
from given import Plan, PlanSheet, Scenario
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim.lr_scheduler import CosineAnnealingLR, LambdaLR, LinearLR, ReduceLROnPlateau, SequentialLR


def linear_warmup_decay(step: int, total: int, warmup: int) -> float:
    """Factor of a linear warm-up followed by a linear decay to 0."""
    if warmup == 0:
        return float(np.interp(step, [0, total], [1.0, 0.0]))
    return float(np.interp(step, [0, warmup, total], [0.0, 1.0, 0.0]))


def warmup_cosine(step: int, total: int, warmup: int, floor: float = 0.0) -> float:
    """Factor of a linear warm-up followed by half a cosine down to the floor."""
    if step < warmup:
        return step / warmup
    angle = np.interp(step, [warmup, total], [0.0, np.pi])
    return float(floor + (1 - floor) * (1 + np.cos(angle)) / 2)


def multi_step(epoch: int, milestones: list[int], gamma: float) -> float:
    """Factor of an epoch: gamma for each milestone reached."""
    reached = np.asarray(milestones, dtype=np.int64) <= epoch
    return float(np.prod(np.where(reached, gamma, 1.0)))


def last_factor(epochs: int, milestones: list[int], gamma: float) -> float:
    """Factor of the last epoch of a run."""
    return multi_step(epochs - 1, milestones, gamma)


def scaled_lr(base: float, batch: int, reference: int = 256) -> float:
    """Learning rate for a batch size, by the linear scaling rule."""
    return float(np.multiply(base, batch) / reference)


Array = NDArray[np.floating]


def _arrays(*tensors: Tensor) -> tuple[Array, ...]:
    return tuple(tensor.detach().numpy() for tensor in tensors)


def _tensor(array: Array, like: Tensor) -> Tensor:
    return torch.as_tensor(np.asarray(array)).to(like.dtype)


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
    place, slope = _arrays(p, grad)
    slope = slope + weight_decay * place
    state["velocity"] = momentum * state.get("velocity", np.zeros_like(slope)) + slope
    way = slope + momentum * state["velocity"] if nesterov else state["velocity"]
    return _tensor(place - lr * way, like=p)


def _way(
    slope: Array, state: dict[str, Any], betas: tuple[float, float], eps: float, bias_correction: str
) -> Array:
    """Average of the gradients over the root of the average of their squares."""
    if "averages" not in state:
        state["averages"] = np.zeros((2, *slope.shape), dtype=slope.dtype)
        state["missing"] = np.ones(2)  # share of each average that is still the 0 from which it started
    averages, missing = state["averages"], state["missing"]
    for which, (beta, seen) in enumerate(zip(betas, (slope, np.square(slope)), strict=True)):
        averages[which] = beta * averages[which] + (1 - beta) * seen
        missing[which] *= beta
    corrected = {"both": (True, True), "second": (False, True), "none": (False, False)}[bias_correction]
    share = np.where(corrected, 1 - missing, 1.0).tolist()
    return averages[0] / share[0] / (np.sqrt(averages[1] / share[1]) + eps)


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
    place, slope = _arrays(p, grad)
    way = _way(slope + weight_decay * place, state, betas, eps, bias_correction)
    return _tensor(place - lr * way, like=p)


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
    place, slope = _arrays(p, grad)
    way = _way(slope, state, betas, eps, bias_correction)
    return _tensor((1 - lr * weight_decay) * place - lr * way, like=p)


def param_groups(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """One group for each parameter, with the strength from a table of truth values."""
    embeddings = {id(layer.weight) for layer in model.modules() if isinstance(layer, nn.Embedding)}
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    spared = np.array([p.ndim < 2 or id(p) in embeddings for p in trained], dtype=bool)
    strengths = np.where(spared, 0.0, weight_decay).tolist()
    return [
        {"params": [parameter], "weight_decay": strength}
        for parameter, strength in zip(trained, strengths, strict=True)
    ]


def configure(scenario: Scenario, model: nn.Module) -> Plan:
    """Plan the training of a model in a scenario."""
    if scenario.kind == "bert":
        epochs = 2
        total = epochs * scenario.steps_per_epoch
        warmup = int(np.floor(0.1 * total))
        optimizer: torch.optim.Optimizer = torch.optim.AdamW(param_groups(model, 0.01), lr=5e-5)
        return Plan(
            optimizer=optimizer,
            scheduler=LambdaLR(optimizer, lambda step: linear_warmup_decay(step, total, warmup)),
            step_on="batch",
            epochs=epochs,
            dropout=0.1,
            early_stopping_patience=None,
        )
    if scenario.kind == "resnet":
        epochs, warmup = 100, 5
        optimizer = torch.optim.SGD(
            param_groups(model, 5e-5), lr=scaled_lr(0.1, scenario.batch_size), momentum=0.9
        )
        ramp = LinearLR(optimizer, start_factor=0.01, total_iters=warmup)
        cosine = CosineAnnealingLR(optimizer, T_max=epochs - warmup)
        return Plan(
            optimizer=optimizer,
            scheduler=SequentialLR(optimizer, [ramp, cosine], milestones=[warmup]),
            step_on="epoch",
            epochs=epochs,
            dropout=0.0,
            early_stopping_patience=None,
        )
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, weight_decay=1e-4)
    return Plan(
        optimizer=optimizer,
        scheduler=ReduceLROnPlateau(optimizer, factor=0.1, patience=10),
        step_on="val_loss",
        epochs=1000,
        dropout=0.2,
        early_stopping_patience=30,
    )


_DEFECTS = np.array(
    [
        "decays_norms",
        "l2_in_adam",
        "lr_not_scaled",
        "milestone_never_acts",
        "no_warmup_large_batch",
        "rate_for_scratch",
        "warmup_exceeds_run",
        "wrong_step_unit",
    ]
)


def review(sheet: PlanSheet) -> set[str]:
    """Name the defects of a plan on paper."""
    decays = sheet.weight_decay > 0
    scratch_cnn = sheet.model == "cnn" and not sheet.pretrained and sheet.optimizer == "sgd"
    # the logarithm to base 2 of how far the rate is from the scaled one, with some room for rounding
    distance = np.abs(np.log2(sheet.lr / scaled_lr(0.1, sheet.batch))) + 1e-9
    steps = np.ceil(sheet.samples / sheet.batch) * sheet.epochs
    holds = [
        decays and "norm" in sheet.decayed_kinds,
        decays and sheet.model == "transformer" and sheet.optimizer == "adam",
        scratch_cnn and distance >= 2,
        sheet.schedule == "step" and np.any(np.asarray(sheet.milestones) >= sheet.epochs),
        sheet.batch >= 1024 and sheet.warmup_steps == 0,
        sheet.pretrained and sheet.lr >= 3e-4,
        sheet.warmup_steps >= steps,
        sheet.schedule != "constant" and sheet.horizon_unit != sheet.step_on,
    ]
    return set(_DEFECTS[np.array(holds, dtype=bool)].tolist())


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
