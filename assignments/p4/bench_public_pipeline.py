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


def decays(model: str, width: int, batch: int, epochs: int, seed: int) -> dict[str, Tensor]:
    """The weight decay of each trained parameter, in units of 1e-4, from what it does in epoch 1.

    Two equal models take one step, one without a gradient and one with a gradient of 1. What the first moves,
    over what the second moves more, is weight decay times weight, whatever the rate and the momentum.
    """
    bare, pushed = (_Trained(model, width, batch, epochs, seed) for _ in range(2))
    start = bare.weights()
    bare.step(0.0, start)
    pushed.step(1.0, {name: torch.ones_like(weight) for name, weight in start.items()})
    by_decay = {name: weight - start[name] for name, weight in bare.weights().items()}
    more = {name: weight - bare.weights()[name] for name, weight in pushed.weights().items()}
    return {name: 1e4 * by_decay[name] / more[name] / start[name] for name in bare.trained}


def moves(
    model: str, width: int, batch: int, epochs: int, seed: int, pushes: list[float]
) -> dict[str, Tensor]:
    """How far each step takes the weights in epoch 1, over the learning rate.

    Args:
        seed: of the first weights and of one direction for each parameter.
        pushes: for every step by how much of its direction a parameter's gradient is.

    Returns:
        For each name of a parameter (steps, *shape).
    """
    trained = _Trained(model, width, batch, epochs, seed)
    generator = torch.Generator().manual_seed(seed + 1)
    start = trained.weights()
    directions = {
        name: torch.randn(weight.shape, generator=generator, dtype=weight.dtype)
        for name, weight in start.items()
    }
    taken: dict[str, list[Tensor]] = {name: [] for name in start}
    for push in pushes:
        before = trained.weights()
        trained.step(push, directions)
        for name, after in trained.weights().items():
            taken[name].append((after - before[name]) / trained.rate(name))
    return {name: torch.stack(steps) for name, steps in taken.items()}


class _Trained:
    """A model in float64 with what `configure` gives for it, at the beginning of epoch 1."""

    def __init__(self, model: str, width: int, batch: int, epochs: int, seed: int) -> None:
        self.model = build(model, width).double()
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for parameter in self.model.parameters():
                parameter.copy_(torch.rand(parameter.shape, generator=generator, dtype=torch.float64) + 0.5)
        self.optimizer, schedule = _configured(self.model, batch, epochs)
        self.optimizer.step()
        schedule.step()
        self.trained = [name for name, one in self.model.named_parameters() if one.requires_grad]

    def weights(self) -> dict[str, Tensor]:
        return {name: parameter.detach().clone() for name, parameter in self.model.named_parameters()}

    def step(self, push: float, directions: dict[str, Tensor]) -> None:
        for name, parameter in self.model.named_parameters():
            if parameter.requires_grad:
                parameter.grad = push * directions[name]
        self.optimizer.step()

    def rate(self, name: str) -> float:
        """Of the group that holds a parameter; 1 for one that is in none."""
        wanted = self.model.get_parameter(name)
        for group in self.optimizer.param_groups:
            if any(one is wanted for one in group["params"]):
                return float(group["lr"])
        return 1.0


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
