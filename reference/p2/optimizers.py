"""Configuring optimizers: schedules, update rules by hand, parameter groups, plans for three scenarios.

The README describes the scenarios and the update rules; `Scenario`, `Plan`, `PlanSheet` and the lists of
names stand in given.py.
"""

import math
from typing import Any, Literal

import torch
from given import Plan, PlanSheet, Scenario
from torch import Tensor, nn

# ---- p2.schedules: what the peak learning rate is multiplied by --------------------------------------------


def linear_warmup_decay(step: int, total: int, warmup: int) -> float:
    """Return the factor of a linear warm-up followed by a linear decay to 0.

    Steps count from 0. Before step `warmup` the factor is step / warmup; from there it falls on a straight
    line from 1 at step `warmup` to 0 at step `total`, and stays 0 from then on.

    Args:
        step: 0 or more; it may lie behind the run.
        total: steps of the run, 1 or more.
        warmup: from 0 (no warm-up) to total - 1.

    Example: of 100 steps with a warm-up of 20, step 5 has 0.25 and step 60 has 0.5.
    """
    # BEGIN SOLUTION p2.schedules
    if step < warmup:
        return step / warmup
    return max(0.0, (total - step) / (total - warmup))
    # END SOLUTION


def warmup_cosine(step: int, total: int, warmup: int, floor: float = 0.0) -> float:
    """Return the factor of a linear warm-up followed by half a cosine down to `floor`.

    Before step `warmup` as in `linear_warmup_decay`, whatever the floor. From there the factor falls from 1
    at step `warmup` to `floor` at step `total` as the cosine falls from 1 to -1 over half a period, and stays
    at `floor` from then on.

    Args:
        step, total, warmup: as in `linear_warmup_decay`.
        floor: the last factor, from 0 to 1.

    Example: of 100 steps with a warm-up of 20 and a floor of 0.1, step 60 has 0.55.
    """
    # BEGIN SOLUTION p2.schedules
    if step < warmup:
        return step / warmup
    done = min(1.0, (step - warmup) / (total - warmup))
    return floor + (1 - floor) * (1 + math.cos(math.pi * done)) / 2
    # END SOLUTION


def multi_step(epoch: int, milestones: list[int], gamma: float) -> float:
    """Return the factor of an epoch: gamma for each milestone that has been reached.

    A milestone acts from its own epoch on: with a milestone of 30, epoch 29 has the old rate and epoch 30 the
    new one. Epochs count from 0.

    Args:
        epoch: 0 or more.
        milestones: different epochs, 1 or more, in increasing order; may be empty.
        gamma: from 0 to 1.

    Example: milestones [30, 60] and gamma 0.1 give epoch 45 the factor 0.1.
    """
    # BEGIN SOLUTION p2.schedules
    return gamma ** sum(milestone <= epoch for milestone in milestones)
    # END SOLUTION


def last_factor(epochs: int, milestones: list[int], gamma: float) -> float:
    """Return the factor of the last epoch of a run under `multi_step`.

    Args:
        epochs: length of the run, 1 or more.
        milestones, gamma: as in `multi_step`.

    Example: 50 epochs, milestones [20, 40] and gamma 0.5 end at 0.25.
    """
    # BEGIN SOLUTION p2.schedules
    return multi_step(epochs - 1, milestones, gamma)
    # END SOLUTION


def scaled_lr(base: float, batch: int, reference: int = 256) -> float:
    """Return the learning rate for a batch size, by the linear scaling rule.

    Args:
        base: the rate that is usual for batches of `reference` samples.
        batch: samples per optimizer step over all devices.

    Example: a base of 0.1 gives 0.2 for batches of 512.
    """
    # BEGIN SOLUTION p2.schedules
    return base * batch / reference
    # END SOLUTION


# ---- p2.updates: by hand; torch.optim and autograd are out of reach while it is graded ---------------------
#
# All three are called once per training step for one parameter tensor. They return the tensor after the step.
# * `p` and `grad` have the same shape (any, also 0-d) and dtype, and the result has them too; compute in that
#   dtype, which is float64 in the tests. Whether p and grad are changed in place is free: only the
#   returned tensor is read, and it is the p of the next call.
# * `state` is yours: an empty dict at the first step of a tensor, the same dict at each later one. Keep
#   there, and nowhere else, what has to outlive the call: several tensors are trained in turn, each with a
#   dict of its own.
# * The learning rate may change from call to call: what is kept are averages of gradients, not of steps.


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
    """Take one step of SGD, as `torch.optim.SGD` with dampening 0 does.

    The gradient first gets the L2 term weight_decay * p. With momentum, a velocity keeps momentum times its
    old value plus that gradient; at the first step it is the gradient. The step goes along the velocity, or
    with nesterov along the gradient plus momentum times the new velocity. nesterov comes with momentum > 0.

    Example: p=1, gradients 1 and 1, lr=0.1, momentum=0.9 give 0.9 and 0.71.
    """
    # BEGIN SOLUTION p2.updates
    grad = grad + weight_decay * p
    if momentum:
        velocity = state["velocity"] = momentum * state.get("velocity", 0.0) + grad
        grad = grad + momentum * velocity if nesterov else velocity
    return p - lr * grad
    # END SOLUTION


# BEGIN SOLUTION
def _adam_direction(
    grad: Tensor, state: dict[str, Any], betas: tuple[float, float], eps: float, bias_correction: str
) -> Tensor:
    """The step of Adam for a learning rate of 1."""
    beta1, beta2 = betas
    state["t"] = t = state.get("t", 0) + 1
    state["m"] = mean = beta1 * state.get("m", 0.0) + (1 - beta1) * grad
    state["v"] = square = beta2 * state.get("v", 0.0) + (1 - beta2) * grad * grad
    if bias_correction == "both":
        mean = mean / (1 - beta1**t)
    if bias_correction in ("both", "second"):
        square = square / (1 - beta2**t)
    return mean / (square.sqrt() + eps)


# END SOLUTION


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
    """Take one step of Adam. Its weight decay is an L2 term: weight_decay * p joins the gradient first.

    Two running averages, of the gradient (betas[0]) and of its square (betas[1]), start at 0. The step is lr
    times the first over the root of the second, and eps is added to that root, outside it.

    bias_correction: "both" corrects both averages for having started at 0, as torch does; "second" only that
    of the squares; "none" neither. A root is taken of the corrected average.

    Example: p=1, gradient 0.5, lr=0.1 and no decay give 0.9 at the first step, with "second" 0.99.
    """
    # BEGIN SOLUTION p2.updates
    grad = grad + weight_decay * p
    return p - lr * _adam_direction(grad, state, betas, eps, bias_correction)
    # END SOLUTION


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
    """Take one step of AdamW: `adam_step` without the L2 term, and p shrinks by lr * weight_decay of itself.

    What it shrinks by is that share of p as it was before the step.

    Example: p=1, gradient 0, lr=0.1, weight_decay=0.5 give 0.95.
    """
    # BEGIN SOLUTION p2.updates
    return p - lr * weight_decay * p - lr * _adam_direction(grad, state, betas, eps, bias_correction)
    # END SOLUTION


# ---- p2.param_groups ---------------------------------------------------------------------------------------


def param_groups(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Divide a model's parameters into groups for an optimizer: what is decayed and what is not.

    * Not decayed: parameters with fewer than two dimensions (biases, the weights of norms), and the weights
      of `nn.Embedding` layers.
    * Decayed: all others.
    * A weight that is shared with an embedding counts as an embedding's.
    * Parameters that are not trained (requires_grad is False) are left out; every other one is in one group
      exactly once, also when several layers share it.

    Returns:
        A list of dicts with the keys "params" (a list of parameters) and "weight_decay" (the number given, or
        0.0). The number of groups and their order are free; a group may be empty.

    Example: for nn.Linear(3, 2) the weight's 6 numbers are decayed, the bias's 2 are not.
    """
    # BEGIN SOLUTION p2.param_groups
    embeddings = {id(layer.weight) for layer in model.modules() if isinstance(layer, nn.Embedding)}
    decayed, spared = [], []
    for parameter in model.parameters():
        if parameter.requires_grad:
            spare = parameter.ndim < 2 or id(parameter) in embeddings
            (spared if spare else decayed).append(parameter)
    return [
        {"params": decayed, "weight_decay": weight_decay},
        {"params": spared, "weight_decay": 0.0},
    ]
    # END SOLUTION


# ---- p2.configure ------------------------------------------------------------------------------------------


def configure(scenario: Scenario, model: nn.Module) -> Plan:
    """Plan the training of a model in a scenario: a real optimizer and scheduler, and how to use them.

    Samples and batch size differ from call to call, so lengths have to be computed. The model is a small
    stand-in (`given.build_model`); a "bert" has the attributes `encoder` (pre-trained) and `head` (new). The
    README says what is judged.

    Example: `scenario.steps_per_epoch` of 50,000 samples in batches of 32 is 1563.
    """
    # BEGIN SOLUTION p2.configure
    matrices = [parameter for parameter in model.parameters() if parameter.ndim >= 2]
    vectors = [parameter for parameter in model.parameters() if parameter.ndim < 2]
    spared = {"params": vectors, "weight_decay": 0.0}
    if scenario.kind == "bert":
        epochs = 3
        total = epochs * scenario.steps_per_epoch
        warmup = max(1, total // 10)
        adamw = torch.optim.AdamW([{"params": matrices, "weight_decay": 0.01}, spared], lr=2e-5)
        linear = torch.optim.lr_scheduler.LambdaLR(
            adamw, lambda step: min(step / warmup, (total - step) / (total - warmup))
        )
        return Plan(
            optimizer=adamw,
            scheduler=linear,
            step_on="batch",
            epochs=epochs,
            dropout=0.1,
            early_stopping_patience=None,
        )
    if scenario.kind == "resnet":
        epochs, warmup = 90, 5
        rate = 0.1 * scenario.batch_size / 256
        sgd = torch.optim.SGD(
            [{"params": matrices, "weight_decay": 1e-4}, spared], lr=rate, momentum=0.9, nesterov=True
        )
        climb = torch.optim.lr_scheduler.LinearLR(sgd, start_factor=0.1, total_iters=warmup)
        cosine = torch.optim.lr_scheduler.CosineAnnealingLR(sgd, T_max=epochs - warmup)
        return Plan(
            optimizer=sgd,
            scheduler=torch.optim.lr_scheduler.SequentialLR(sgd, [climb, cosine], milestones=[warmup]),
            step_on="epoch",
            epochs=epochs,
            dropout=0.0,
            early_stopping_patience=None,
        )
    adam = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.05)
    plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(adam, factor=0.5, patience=4)
    return Plan(
        optimizer=adam,
        scheduler=plateau,
        step_on="val_loss",
        epochs=200,
        dropout=0.3,
        early_stopping_patience=10,
    )
    # END SOLUTION


# ---- p2.review ---------------------------------------------------------------------------------------------


def review(sheet: PlanSheet) -> set[str]:
    """Name the defects of a plan on paper.

    `given.FINDINGS` says for fourteen names exactly when each holds. Eight of them are defects; the others
    look odd and are sound. Return the names that hold and are defects: a plan may have several or none.

    Example: a transformer with adam, weight_decay 0.01 and nothing else amiss gives {"l2_in_adam"}.
    """
    # BEGIN SOLUTION p2.review
    steps = math.ceil(sheet.samples / sheet.batch) * sheet.epochs
    fresh_cnn = sheet.optimizer == "sgd" and sheet.model == "cnn" and not sheet.pretrained
    away = sheet.lr / (0.1 * sheet.batch / 256)
    holds = {
        "warmup_exceeds_run": sheet.warmup_steps >= steps,
        "milestone_never_acts": sheet.schedule == "step"
        and any(milestone >= sheet.epochs for milestone in sheet.milestones),
        "lr_not_scaled": fresh_cnn and not 1 / 4 < away < 4,
        "decays_norms": sheet.weight_decay > 0 and "norm" in sheet.decayed_kinds,
        "wrong_step_unit": sheet.schedule != "constant" and sheet.horizon_unit != sheet.step_on,
        "no_warmup_large_batch": sheet.batch >= 1024 and sheet.warmup_steps == 0,
        "l2_in_adam": sheet.model == "transformer" and sheet.optimizer == "adam" and sheet.weight_decay > 0,
        "rate_for_scratch": sheet.pretrained and sheet.lr >= 3e-4,
    }
    return {name for name, is_so in holds.items() if is_so}
    # END SOLUTION


# Why each plan: a dict with the keys "bert", "resnet" and "mlp", and for each of them the set of those ids of
# given.REASON_IDS that are true and speak for the plan in this scenario.
# BEGIN SOLUTION p2.reasons
REASONS: dict[str, set[str]] | None = {
    "bert": {
        "decoupled_decay",
        "small_steps_keep_features",
        "head_and_backbone_differ",
        "matches_pretraining",
    },
    "resnet": {
        "rate_scales_with_batch",
        "warmup_for_large_batch",
        "momentum_sgd_strong_on_cnns",
        "well_studied_recipe",
    },
    "mlp": {"few_rows_regularise", "rate_follows_validation", "optimizer_matters_little"},
}
# END SOLUTION
