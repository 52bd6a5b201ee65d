"""Builds networks from descriptions, in the worker, and sends them through initialize and the memory count.

A description is a list of layers, each a list of a kind and its numbers, so that what is built comes from the
judge: ``[["conv", 3, 8, 3, 1, False], ["norm", 8], ["relu", True]]``.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import network
import torch
from residual import Residual
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode

# ---- Layers ------------------------------------------------------------------------------------------------


class _Do(nn.Module):
    """A layer without parameters, made of a function."""

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x)


class _Table(nn.Module):
    """Multiplies by a buffer, which autograd saves."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.register_buffer("table", torch.linspace(1.0, 2.0, features))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.table


class _Again(nn.Module):
    """The same layer twice."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.layer = nn.Linear(features, features)

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(self.layer(x).sigmoid())


class _Block(Residual):
    """A block that is no Residual itself, but a kind of one."""


def _conv(c_in: int, c_out: int, kernel: int, stride: int, bias: bool) -> nn.Module:
    return nn.Conv2d(c_in, c_out, kernel, stride, padding=kernel // 2, bias=bias)


def _halves(x: Tensor) -> Tensor:
    """The product of two views of one storage."""
    left, right = x.chunk(2, dim=1)
    return left * right


_LAYERS: dict[str, Callable[..., nn.Module]] = {
    "conv": _conv,
    "norm": nn.BatchNorm2d,
    "norm1d": nn.BatchNorm1d,
    "layer norm": nn.LayerNorm,
    "linear": nn.Linear,
    "relu": nn.ReLU,
    "gelu": nn.GELU,
    "dropout": nn.Dropout,
    "max pool": lambda: nn.MaxPool2d(3, stride=2, padding=1),
    "avg pool": lambda: nn.AvgPool2d(2, ceil_mode=True, count_include_pad=False),
    "mean": lambda: _Do(lambda x: x.mean(dim=(2, 3))),
    "flatten": nn.Flatten,
    "table": _Table,
    "again": _Again,
    "halves": lambda: _Do(_halves),
    "square": lambda: _Do(lambda x: x * x),
    "fork": lambda: _Do(lambda x: x.sin() + x.cos()),
    "turn": lambda: _Do(lambda x: x.transpose(1, -1)),
    "crop": lambda first: _Do(lambda x: x[:, :first].sin()),
    "spread": lambda times: _Do(lambda x: x.unsqueeze(-1).expand(*x.shape, times).sin().sum(dim=-1)),
    "row": lambda layers: _build(layers),
    "residual": lambda branch, shortcut: Residual(_build(branch), _shortcut(shortcut)),
    "block": lambda branch, shortcut: _Block(_build(branch), _shortcut(shortcut)),
}


def _build(layers: list[Any]) -> nn.Sequential:
    return nn.Sequential(*(_LAYERS[kind](*numbers) for kind, *numbers in layers))


def _shortcut(layers: list[Any]) -> nn.Module:
    return _build(layers) if layers else nn.Identity()


def _initialized(
    layers: list[Any], fill: float, calls: int, parameters: list[Tensor] | None = None
) -> nn.Sequential:
    """A network whose parameters were all ``fill`` before initialize was called so many times.

    :param parameters: what its parameters are instead.
    """
    model = _build(layers)
    with torch.no_grad():
        for at, parameter in enumerate(model.parameters()):
            parameter.copy_(torch.tensor(fill) if parameters is None else parameters[at])
    for _ in range(calls if parameters is None else 0):
        network.initialize(model)
    return model


# ---- p4.initialization -------------------------------------------------------------------------------------


def initial_parameters(layers: list[Any], fill: float, calls: int) -> list[Tensor]:
    """The parameters in the order in which the description names them; of a block the branch's first."""
    return _values(_initialized(layers, fill, calls))


def initial_constants(layers: list[Any], fill: float, calls: int) -> list[Tensor]:
    """The same, but of weights with more than one dimension only the number that all of them are, if they are
    all the same, and else nothing: what is left is no accident."""
    return [
        values
        if values.ndim == 1
        else values.unique()[:1]
        if values.unique().numel() == 1
        else values.new_empty(0)
        for values in initial_parameters(layers, fill, calls)
    ]


def parameters_kept(layers: list[Any], fill: float) -> list[bool]:
    """Of each parameter, whether it is the same object behind initialize and still wants a gradient."""
    model = _build(layers)
    before = list(model.parameters())
    with torch.no_grad():
        for parameter in before:
            parameter.fill_(fill)
    network.initialize(model)
    behind = list(model.parameters())
    return [left is right and right.requires_grad for left, right in zip(before, behind, strict=True)]


def buffers_kept(layers: list[Any], seed: int) -> tuple[list[Tensor], list[Tensor]]:
    """The buffers of a network that was in use for a while, before initialize and behind it."""
    model = _build(layers)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for buffer in model.buffers():
            buffer.copy_(1 + 9 * torch.rand(buffer.shape, generator=generator))
    before = [buffer.clone() for buffer in model.buffers()]
    network.initialize(model)
    return before, [buffer.clone() for buffer in model.buffers()]


def initial_blocks(
    layers: list[Any], fill: float, x: Tensor, parameters: list[Tensor] | None = None
) -> tuple[list[tuple[Tensor, Tensor]], list[Tensor]]:
    """Of each block in a first pass in train mode: what it makes of its input, and what its shortcut does.

    :param parameters: those of the network, instead of what initialize makes of them.
    :return: this, and the parameters.
    """
    model = _initialized(layers, fill, 1, parameters).train()
    seen: list[tuple[Tensor, Tensor]] = []

    def behind(module: Residual, given: tuple[Tensor, ...], made: Tensor) -> None:
        seen.append((made, module.shortcut(given[0])))

    for module in model.modules():
        if isinstance(module, Residual):
            module.register_forward_hook(behind)
    with torch.no_grad():
        model(x)
    return seen, _values(model)


def _values(model: nn.Module) -> list[Tensor]:
    return [parameter.detach() for parameter in model.parameters()]


def initial_gradients(
    layers: list[Any], fill: float, x: Tensor, direction: Tensor, parameters: list[Tensor] | None = None
) -> tuple[list[Tensor], list[Tensor]]:
    """The gradients of sum(direction * output) in a first pass, parameter by parameter as described.

    :param parameters: those of the network, instead of what initialize makes of them.
    :return: this, and the parameters.
    """
    model = _initialized(layers, fill, 1, parameters).train()
    (direction * model(x)).sum().backward()
    gradients = [
        torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
        for parameter in model.parameters()
    ]
    return gradients, _values(model)


def first_gradient_norms(
    stem: list[Any], block: list[Any], head: list[Any], depths: list[int], fill: float, x: Tensor
) -> list[float]:
    """The norm of the gradient that reaches the stem through so many blocks, for each number of blocks.

    The network has the largest of these numbers of blocks, one like the other; the first ones are used.
    """
    model = _initialized([["row", stem], ["row", [block] * max(depths)], ["row", head]], fill, 1).train()
    first, blocks, last = model
    norms = []
    for depth in depths:
        model.zero_grad()
        last(blocks[:depth](first(x))).square().mean().sqrt().backward()
        norms.append(float(torch.stack([p.grad.norm() for p in first.parameters()]).norm()))
    return norms


# ---- p4.memory ---------------------------------------------------------------------------------------------


def saved_bytes(
    layers: list[Any],
    shape: list[int],
    autocast: str | None,
    training: bool = True,
    fake: bool = False,
    cut_from: int = 0,
) -> float:
    """saved_bytes_per_sample of a network.

    :param shape: of one sample.
    :param autocast: name of a dtype.
    :param fake: under ``FakeTensorMode``.
    :param cut_from: if not 0, every batch is a view of a set of so many samples.
    """
    dtype = None if autocast is None else getattr(torch, autocast)
    with FakeTensorMode() if fake else nullcontext():
        model = _build(layers).train(training)
        samples = torch.ones(cut_from, *shape)

        def make_batch(number: int) -> Tensor:
            return samples[:number] if cut_from else torch.ones(number, *shape)

        return network.saved_bytes_per_sample(model, make_batch, dtype)


def own_saved_bytes(autocast: str | None) -> float:
    """saved_bytes_per_sample of the subject's own ResNetD at 224 x 224."""
    dtype = None if autocast is None else getattr(torch, autocast)
    with FakeTensorMode():
        return network.saved_bytes_per_sample(
            network.ResNetD(), lambda number: torch.empty(number, 3, 224, 224), dtype
        )
