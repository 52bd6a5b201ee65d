"""Runs beside the code under test in p2's second half: makes objects that cannot leave the worker, returns
plain data.
"""

import numpy as np
import optimizers
import torch
from given import LONGEST_PLAN, Plan, PlanSheet, Scenario, build_model, drive
from torch import Tensor, nn


def stepped(
    rule: str, starts: list[Tensor], gradients: list[list[Tensor]], settings: list[dict[str, object]]
) -> list[Tensor]:
    """Trains some tensors in turn with one of the three update functions.

    Args:
        rule: "sgd_step", "adam_step" or "adamw_step".
        starts: the tensors; each has a state of its own.
        gradients: for every step the gradient of each tensor.
        settings: for every step the keyword arguments.

    Returns:
        For each tensor its values after every step, (steps, *shape).
    """
    step = getattr(optimizers, rule)
    tensors = [start.clone() for start in starts]
    states: list[dict[str, object]] = [{} for _ in starts]
    seen: list[list[Tensor]] = [[] for _ in starts]
    for now, chosen in zip(gradients, settings, strict=True):
        for at, gradient in enumerate(now):
            stepped_to = step(tensors[at], gradient.clone(), states[at], **chosen)
            if not isinstance(stepped_to, Tensor | np.ndarray | np.generic):
                raise TypeError(f"{rule} returned a {type(stepped_to).__name__} where a tensor is asked")
            tensors[at] = torch.as_tensor(stepped_to).detach()
            seen[at].append(tensors[at].clone())
    return [torch.stack(values) for values in seen]


def kept_type(rule: str, start: Tensor, gradient: Tensor, settings: dict[str, object]) -> Tensor:
    """One step of one tensor, as the update function returns it."""
    return getattr(optimizers, rule)(start, gradient, {}, **settings)


def grouped(model: str, width: int, weight_decay: float) -> dict[str, dict[str, list[float]] | int]:
    """How `param_groups` divides a model.

    Args:
        model: name of one of the models below.
        width: a size in it.

    Returns:
        "decay": for each name of a parameter (a shared one has several) the weight decays of the groups that
        hold it; "strangers": parameters in the groups that are not the model's.
    """
    built = _MODELS[model](width)
    groups = [
        (list(group["params"]), float(group["weight_decay"]))
        for group in optimizers.param_groups(built, weight_decay)
    ]
    named = dict(built.named_parameters(remove_duplicate=False))
    known = {id(parameter) for parameter in named.values()}
    return {
        "decay": {
            name: [decay for held, decay in groups for one in held if one is parameter]
            for name, parameter in named.items()
        },
        "strangers": sum(id(one) not in known for held, _ in groups for one in held),
    }


# What the weights of given.build_model are, where they are no matrices.
SPECIAL: dict[str, dict[str, str]] = {
    "bert": {"encoder.0.weight": "embedding", "encoder.1.weight": "vector", "encoder.5.weight": "vector"},
    "resnet": {"1.weight": "vector", "4.weight": "vector"},
    "mlp": {},
}


def carried_out(kind: str, samples: int, batch_size: int, losses: list[float]) -> dict[str, object]:
    """Carries out the plan of `configure` for a scenario.

    Args:
        losses: validation loss after each epoch; a plan for more epochs is cut off there, one for fewer ends
            before.

    Returns:
        "optimizer": "sgd", "adam", "adamw" or "other"; "momentum" and "betas" (None where it has none);
        "missing": trainable parameters that it does not hold; "decay": for "matrix", "vector" and "embedding"
        the smallest and largest weight decay; the plan's "step_on", "epochs", "dropout" and "patience";
        "per_epoch", optimizer steps; "rates", the highest learning rate of the pre-trained part, or of all,
        at each step; "handed_over" and "late_milestones" as in `given.Drive`.
    """
    scenario = Scenario(kind=kind, samples=samples, batch_size=batch_size)
    model = build_model(kind)
    plan = optimizers.configure(scenario, model)
    _require_plan(plan)
    watched = list((model.encoder if kind == "bert" else model).parameters())
    seen = drive(plan, scenario, losses, watched)
    groups = plan.optimizer.param_groups
    decay: dict[str, list[float]] = {"matrix": [], "vector": [], "embedding": []}
    missing = 0
    for name, parameter in model.named_parameters():
        holding = [group for group in groups if any(one is parameter for one in group["params"])]
        missing += parameter.requires_grad and not holding
        part = SPECIAL[kind].get(name, "vector" if name.endswith(".bias") else "matrix")
        decay[part] += [float(group.get("weight_decay", 0.0)) for group in holding]
    first = groups[0]
    return {
        "optimizer": _family(plan.optimizer),
        "momentum": float(first["momentum"]) if "momentum" in first else None,
        "betas": tuple(map(float, first["betas"])) if "betas" in first else None,
        "missing": missing,
        "decay": {part: [min(found), max(found)] for part, found in decay.items() if found},
        "step_on": plan.step_on,
        "epochs": int(plan.epochs),
        "dropout": float(plan.dropout),
        "patience": None if plan.early_stopping_patience is None else int(plan.early_stopping_patience),
        "per_epoch": scenario.steps_per_epoch,
        "rates": torch.tensor(seen.rates, dtype=torch.float64),
        "handed_over": seen.handed_over,
        "late_milestones": seen.late_milestones,
    }


def reviewed(sheets: list[dict[str, object]]) -> list[set[str]]:
    """What `review` says of each sheet."""
    return [optimizers.review(PlanSheet(**sheet)) for sheet in sheets]


def _require_plan(plan: object) -> None:
    """Raise where a plan cannot be carried out, in words that a student understands."""
    if not isinstance(plan, Plan):
        raise TypeError(f"configure returned a {type(plan).__name__} where a Plan is asked")
    if not isinstance(plan.optimizer, torch.optim.Optimizer):
        raise TypeError("Plan.optimizer is not a torch optimizer")
    if plan.scheduler is not None and not hasattr(plan.scheduler, "step"):
        raise TypeError("Plan.scheduler has no step()")
    if plan.step_on not in ("batch", "epoch", "val_loss"):
        raise ValueError('Plan.step_on is "batch", "epoch" or "val_loss"')
    if not 1 <= plan.epochs <= LONGEST_PLAN:
        raise ValueError(f"Plan.epochs is 1 to {LONGEST_PLAN}")


def _family(optimizer: torch.optim.Optimizer) -> str:
    if isinstance(optimizer, torch.optim.AdamW):
        return "adamw"
    if isinstance(optimizer, torch.optim.Adam):
        decoupled = any(group.get("decoupled_weight_decay") for group in optimizer.param_groups)
        return "adamw" if decoupled else "adam"
    return "sgd" if isinstance(optimizer, torch.optim.SGD) else "other"


# ---- Models for param_groups -------------------------------------------------------------------------------


def _convolutional(width: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, width, 3), nn.BatchNorm2d(width), nn.ReLU(), nn.Flatten(), nn.Linear(width, 4)
    )


def _attention(width: int) -> nn.Module:
    layer = nn.TransformerEncoderLayer(4 * width, 2, 8 * width, batch_first=True)
    model = nn.Sequential(nn.Embedding(11, 4 * width), layer, nn.LayerNorm(4 * width))
    model.positions = nn.Parameter(torch.zeros(7, 4 * width))
    model.scale = nn.Parameter(torch.ones(()))
    return model


def _tied(width: int) -> nn.Module:
    """A language model: the head's matrix, registered before the embedding, is the embedding's; another
    embedding is alone.
    """
    embedding, head = nn.Embedding(9, width), nn.Linear(width, 9)
    head.weight = embedding.weight
    rest = {"hidden": nn.Linear(width, width), "tokens": embedding, "kinds": nn.Embedding(2, width)}
    return nn.ModuleDict({"head": head, **rest})


def _shared(width: int) -> nn.Module:
    """The same layer twice, and two layers that share a matrix but not a bias."""
    once, one, other = nn.Linear(width, width), nn.Linear(width, width), nn.Linear(width, width)
    other.weight = one.weight
    return nn.Sequential(once, nn.ReLU(), once, nn.GroupNorm(1, width), one, other)


def _alike(width: int) -> nn.Module:
    """Parameters of their own with the numbers of others: a matrix with an embedding's, two equal layers."""
    embedding, head = nn.Embedding(6, width), nn.Linear(width, 6)
    one, other = nn.Linear(width, width), nn.Linear(width, width)
    head.load_state_dict({"weight": embedding.weight, "bias": torch.zeros(6)})
    other.load_state_dict(one.state_dict())
    return nn.ModuleDict({"words": embedding, "one": one, "other": other, "head": head})


def _frozen(width: int) -> nn.Module:
    model = nn.Sequential(nn.Embedding(5, width), nn.Linear(width, width), nn.LayerNorm(width))
    model.append(nn.Linear(width, 2))
    for part in (model[0], model[1].weight, model[2].bias):
        part.requires_grad_(False)
    return model


def _misnamed(width: int) -> nn.Module:
    """Names say nothing: a matrix called bias, a vector called weight, a linear layer called norm."""
    model = nn.ModuleDict({"norm": nn.Linear(width, 3), "embedding": nn.Linear(3, width)})
    model.bias = nn.Parameter(torch.zeros(width, 2))
    model.weight = nn.Parameter(torch.zeros(width))
    return model


class _OwnEmbedding(nn.Embedding):
    """An embedding of somebody's own."""


def _special(width: int) -> nn.Module:
    """A subclass of nn.Embedding, a plain matrix, a convolution over time, norms of other kinds."""
    return nn.ModuleDict(
        {
            "words": _OwnEmbedding(6, width),
            "mix": nn.Bilinear(width, width, 2),
            "time": nn.Conv1d(width, width, 2, bias=False),
            "instance": nn.InstanceNorm1d(width, affine=True),
            "slope": nn.PReLU(),
        }
    )


def _nothing_to_train(width: int) -> nn.Module:
    return nn.Linear(width, 2).requires_grad_(False)


_MODELS = {
    "convolutional": _convolutional,
    "attention": _attention,
    "tied": _tied,
    "shared": _shared,
    "alike": _alike,
    "frozen": _frozen,
    "misnamed": _misnamed,
    "special": _special,
    "nothing to train": _nothing_to_train,
}
