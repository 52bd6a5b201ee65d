"""Runs beside the code under test in p4's pipeline.py: optimizers and schedules cannot leave the worker."""

import pipeline
import torch
from torch import Tensor, nn


def rates(batch: int, epochs: int) -> list[list[float]]:
    """The learning rates that `configure` gives.

    Returns:
        For every epoch of the run the lowest and the highest rate of those groups that hold parameters.
    """
    optimizer, schedule = _configured(build("plain", 3), batch, epochs)
    seen = []
    for _ in range(epochs):
        held = [float(group["lr"]) for group in optimizer.param_groups if list(group["params"])]
        seen.append([min(held), max(held)])
        optimizer.step()
        schedule.step()
    return seen


def held(model: str, width: int) -> dict[str, dict[str, int] | int]:
    """What the optimizer of `configure` holds.

    Returns:
        "held": for each name of a parameter (a shared one has several) how often it is in a group;
        "strangers": parameters in the groups that are not the model's.
    """
    built = build(model, width)
    optimizer, _ = _configured(built, 256, 90)
    found = [one for group in optimizer.param_groups for one in group["params"]]
    named = dict(built.named_parameters(remove_duplicate=False))
    known = {id(parameter) for parameter in named.values()}
    return {
        "held": {name: sum(one is parameter for one in found) for name, parameter in named.items()},
        "strangers": sum(id(one) not in known for one in found),
    }


def pushed(
    model: str, width: int, batch: int, epochs: int, seed: int, pushes: list[float], per_epoch: int
) -> dict[str, Tensor]:
    """Where the optimizer of `configure` takes the weights of a model, in float64.

    Args:
        seed: of the first weights and of one direction for each parameter.
        pushes: for every step by how much of its direction a parameter's gradient is; 0.0 is no gradient at
            all but what the optimizer adds.
        per_epoch: steps of an epoch.

    Returns:
        For each name of a parameter its values after every step, (steps, *shape).
    """
    built = build(model, width).double()
    generator = torch.Generator().manual_seed(seed)
    directions = []
    with torch.no_grad():
        for parameter in built.parameters():
            parameter.copy_(torch.rand(parameter.shape, generator=generator, dtype=torch.float64) + 0.5)
            directions.append(torch.randn(parameter.shape, generator=generator, dtype=torch.float64))
    optimizer, schedule = _configured(built, batch, epochs)
    seen: dict[str, list[Tensor]] = {name: [] for name, _ in built.named_parameters()}
    for step, push in enumerate(pushes):
        for parameter, direction in zip(built.parameters(), directions, strict=True):
            if parameter.requires_grad:
                parameter.grad = push * direction
        optimizer.step()
        for name, parameter in built.named_parameters():
            seen[name].append(parameter.detach().clone())
        if (step + 1) % per_epoch == 0:
            schedule.step()
    return {name: torch.stack(values) for name, values in seen.items()}


def _configured(model: nn.Module, batch: int, epochs: int) -> tuple[torch.optim.Optimizer, object]:
    """What `configure` returns, or an error in words that a student understands."""
    got = pipeline.configure(model, batch, epochs)
    if not isinstance(got, tuple | list) or len(got) != 2:
        raise TypeError(
            f"configure returned a {type(got).__name__} where an optimizer and a schedule are asked"
        )
    optimizer, schedule = got
    if not isinstance(optimizer, torch.optim.Optimizer):
        raise TypeError(
            f"the first thing that configure returns is a {type(optimizer).__name__}, no optimizer"
        )
    if not callable(getattr(schedule, "step", None)):
        raise TypeError("the second thing that configure returns has no step()")
    if not any(list(group["params"]) for group in optimizer.param_groups):
        raise ValueError("the optimizer holds no parameters")
    return optimizer, schedule


# ---- Models ------------------------------------------------------------------------------------------------


def build(name: str, width: int) -> nn.Module:
    """A small model: all that matters is what parameters it has."""
    return _MODELS[name](width)


def _plain(width: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, width, 3, bias=False),
        nn.BatchNorm2d(width),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(width, 4),
    )


def _misnamed(width: int) -> nn.Module:
    """Names say nothing: a matrix called bias, a vector called weight, a linear layer called norm."""
    model = nn.ModuleDict(
        {"norm": nn.Linear(width, 3), "bn": nn.Conv2d(2, width, 1), "fc": nn.GroupNorm(1, 4)}
    )
    model.bias = nn.Parameter(torch.zeros(width, 2))
    model.weight = nn.Parameter(torch.zeros(width))
    model.scale = nn.Parameter(torch.ones(()))
    return model


def _frozen(width: int) -> nn.Module:
    model = nn.Sequential(_plain(width), nn.Linear(4, width), nn.BatchNorm1d(width), nn.Linear(width, 2))
    for part in (model[0], model[1].weight, model[2].bias):
        part.requires_grad_(False)
    return model


def _shared(width: int) -> nn.Module:
    """A layer that is used twice, and a head that shares its matrix with an embedding."""
    once, tokens, head = nn.Linear(width, width), nn.Embedding(7, width), nn.Linear(width, 7)
    head.weight = tokens.weight
    return nn.ModuleDict({"head": head, "first": once, "again": once, "tokens": tokens})


def _vectors_only(width: int) -> nn.Module:
    return nn.BatchNorm1d(width)


_MODELS = {
    "plain": _plain,
    "misnamed": _misnamed,
    "frozen": _frozen,
    "shared": _shared,
    "vectors only": _vectors_only,
}
