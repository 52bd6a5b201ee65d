"""Runs Bottleneck and ResNetD in the worker and gives back what they computed as plain data."""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import network
import torch
from residual import Residual
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode

from grader.worker.recorder import Recorder

# ---- Weights from a seed


class _Uses:
    """The parameters that code used, in the order of use: convolutions, BatchNorms, linear layers.

    :param inside: where it is above 0, nothing is noted (a list of one number, which hooks change).
    """

    def __init__(self, inside: list[int] | None = None) -> None:
        self.found: list[tuple[str, list[Tensor | None]]] = []
        self._inside = inside or [0]

    def __call__(self, name: str, args: tuple[Any, ...], result: Any) -> None:
        if self._inside[0]:
            return
        if name == "aten.convolution":
            self.found.append(("conv", [args[1].detach()]))
        elif name.startswith("aten.") and "batch_norm" in name:
            self.found.append(("norm", [None if part is None else part.detach() for part in args[1:5]]))
        elif name in ("aten.addmm", "aten.mm"):
            parts = [args[-1].detach(), args[0].detach()] if name == "aten.addmm" else [args[-1].detach()]
            self.found.append(("linear", parts))

    def dress(self, key: str, seed: int) -> None:
        """Fill all that was found with numbers that depend on the seed and the order of use only."""
        with torch.no_grad():
            for index, (kind, parts) in enumerate(self.found):
                for place, part in enumerate(parts):
                    if part is not None:
                        numbers = _draw(f"{key} {kind} {index} {place}", part.shape, seed)
                        part.copy_(_fitting(kind, place, numbers))


def _draw(key: str, shape: torch.Size | tuple[int, ...], seed: int) -> Tensor:
    """Standard normal numbers that depend on the key and the seed only."""
    generator = torch.Generator().manual_seed(seed + zlib.crc32(key.encode()))
    return torch.randn(shape, generator=generator)


def _fitting(kind: str, place: int, numbers: Tensor) -> Tensor:
    """Standard normal numbers, made fit for weights or statistics."""
    if kind == "norm":
        if place == 3:
            return torch.exp(0.5 * numbers)
        return 1 + 0.3 * numbers if place == 0 else 0.5 * numbers
    if place:
        return numbers
    fan_in = numbers[0].numel() if kind == "conv" else numbers.shape[0]
    return numbers / math.sqrt(fan_in)


def _dress(part: nn.Module, x: Tensor, key: str, seed: int) -> _Uses:
    """Dress what a layer, or layers in a row, make use of."""
    uses = _Uses()
    with torch.no_grad(), Recorder(uses):
        part(x.clone())
    uses.dress(key, seed)
    return uses


def _dressed_block(c_in: int, mid: int, stride: int, x: Tensor, seed: int) -> nn.Module:
    block = network.Bottleneck(c_in, mid, stride).eval()
    _dress(block.branch, x, "branch", seed)
    _dress(block.shortcut, x, "shortcut", seed)
    return block


# ---- Bottleneck --------------------------------------------------------------------------------------------


def block_parameters(c_in: int, mid: int, stride: int) -> int:
    """Learnable parameters of a Bottleneck."""
    return sum(parameter.numel() for parameter in network.Bottleneck(c_in, mid, stride).parameters())


def block_shape(c_in: int, mid: int, stride: int, shape: list[int]) -> list[int]:
    """The shape that a Bottleneck makes of this one."""
    with torch.no_grad():
        return list(network.Bottleneck(c_in, mid, stride).eval()(torch.zeros(*shape)).shape)


def block_operations(c_in: int, mid: int, stride: int, x: Tensor) -> dict[str, Any]:
    """What is done to x in a Bottleneck's ``branch`` and in its ``shortcut``, in order.

    :return: this, and in ``read`` what the first convolution of each part reads, None where there is none.
    """
    block = network.Bottleneck(c_in, mid, stride).eval()
    done: dict[str, Any] = {"read": {"branch": None, "shortcut": None}}
    for part in ("branch", "shortcut"):
        seen: list[str] = []

        def watch(
            name: str, args: tuple[Any, ...], result: Any, part: str = part, seen: list[str] = seen
        ) -> None:
            if name == "aten.convolution":
                if done["read"][part] is None:
                    done["read"][part] = args[0].detach().clone()
                kernel = args[1].shape[-1]
                words = f"conv {kernel}x{kernel} to {args[1].shape[0]}"
                seen.append(words if max(args[3]) == 1 else f"{words}, stride {max(args[3])}")
            elif "batch_norm" in name:
                seen.append("norm")
            elif name in ("aten.relu", "aten.relu_"):
                seen.append("relu")
            elif "max_pool2d" in name:
                seen.append("maximum")

        with torch.no_grad(), Recorder(watch):
            getattr(block, part)(x.clone())
        done[part] = seen
    return done


def block_output(c_in: int, mid: int, stride: int, x: Tensor, seed: int, training: bool) -> torch.Tensor:
    """What a Bottleneck with weights from the seed makes of x, in train mode, or in eval mode after a pass in
    train mode."""
    block = _dressed_block(c_in, mid, stride, x, seed).train()
    with torch.no_grad():
        output = block(x.clone())
        return output if training else block.eval()(x.clone())


def silenced_block(c_in: int, mid: int, stride: int, x: Tensor, seed: int) -> tuple[Tensor, Tensor]:
    """A Bottleneck in eval mode whose branch ends in zeros: its output, and what its shortcut makes of x."""
    block = _dressed_block(c_in, mid, stride, x, seed)
    with torch.no_grad():
        uses = _Uses()
        with Recorder(uses):
            block.branch(x.clone())
        for part in uses.found[-1][1][:2]:
            if part is not None:
                part.zero_()
        return block(x.clone()), block.shortcut(x.clone())


# ---- ResNetD -----------------------------------------------------------------------------------------------


@contextmanager
def _watched(model: nn.Module) -> Iterator[tuple[list[tuple[nn.Module, Tensor, Tensor]], list[int]]]:
    """While it lasts, notes the blocks that ran, what went into each and what came out, and whether one runs
    at this moment."""
    blocks: list[tuple[nn.Module, Tensor, Tensor]] = []
    inside = [0]

    def before(module: nn.Module, given: tuple[Tensor, ...]) -> None:
        inside[0] += 1

    def behind(module: nn.Module, given: tuple[Tensor, ...], made: Tensor) -> None:
        inside[0] -= 1
        blocks.append((module, given[0], made))

    hooks = []
    for module in model.modules():
        if isinstance(module, Residual):
            hooks += [module.register_forward_pre_hook(before), module.register_forward_hook(behind)]
    try:
        yield blocks, inside
    finally:
        for hook in hooks:
            hook.remove()


def network_parts(sizes: dict[str, Any], shape: list[int]) -> dict[str, int]:
    """Learnable parameters of ``stem``, ``stage1``, ..., ``head`` and in ``total``; built without numbers.

    A stage is made of the blocks that give the same number of channels, in the order in which they run.

    :param shape: of images (N, C, H, W) that are sent through.
    """
    with torch.device("meta"):
        model = network.ResNetD(**sizes).eval()
        with _watched(model) as (blocks, _):
            model(torch.empty(*shape))
    stages: dict[int, int] = {}
    for block, _, made in blocks:
        stages[made.shape[1]] = stages.get(made.shape[1], 0) + _count(block)
    parts = {f"stage{number}": count for number, count in enumerate(stages.values(), start=1)}
    parts["head"] = sum(_count(module) for module in model.modules() if isinstance(module, nn.Linear))
    parts["total"] = _count(model)
    parts["stem"] = parts["total"] - parts["head"] - sum(stages.values())
    return parts


def _count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def network_shapes(sizes: dict[str, Any], shape: list[int], fake: bool) -> list[list[int]]:
    """Shapes on the way through a network in eval mode: into the first block, out of every block, the logits.

    :param shape: of the images.
    :param fake: under ``FakeTensorMode``, otherwise on the device ``meta``.
    """
    with FakeTensorMode() if fake else torch.device("meta"):
        model = network.ResNetD(**sizes).eval()
        with _watched(model) as (blocks, _):
            logits = model(torch.empty(*shape))
    passed = [blocks[0][1], *(made for _, _, made in blocks)] if blocks else []
    return [list(tensor.shape) for tensor in (*passed, logits)]


def network_gradients(sizes: dict[str, Any], x: Tensor, seed: int) -> dict[str, Any]:
    """A step of a network in train mode, with weights from the seed and the loss sum(direction * logits).

    :return: ``logits``; ``largest``, of each parameter the largest entry of its gradient, 0 if there is none.
    """
    model = network.ResNetD(**sizes).train()
    with torch.no_grad():
        for place, parameter in enumerate(model.parameters()):
            numbers = _draw(f"parameter {place}", parameter.shape, seed)
            fan_in = max(1, parameter[0].numel()) if parameter.ndim > 1 else 1
            parameter.copy_(1 + 0.3 * numbers if parameter.ndim < 2 else numbers / math.sqrt(fan_in))
    logits = model(x.clone())
    if logits.requires_grad:
        (logits * _draw("direction", logits.shape, seed)).sum().backward()
    gradients = [parameter.grad for parameter in model.parameters()]
    largest = [0.0 if gradient is None else float(gradient.abs().max()) for gradient in gradients]
    return {"logits": logits.detach(), "largest": largest}


def network_output(sizes: dict[str, Any], x: Tensor, seed: int, training: bool) -> dict[str, Tensor]:
    """A pass of a network whose weights come from the seed.

    :param training: in train mode, otherwise in eval mode after a pass in train mode.
    :return: ``stem``, what went into the first block; ``blocks``, what came out of the last; ``logits``.
    """
    model = network.ResNetD(**sizes).eval()
    with torch.no_grad():
        with _watched(model) as (blocks, inside):
            outside = _Uses(inside)
            with Recorder(outside):
                model(x.clone())
        outside.dress("outside", seed)
        for number, (block, given, _) in enumerate(blocks):
            _dress(block.branch, given, f"branch {number}", seed)
            _dress(block.shortcut, given, f"shortcut {number}", seed)
        model.train()
        if not training:
            model(x.clone())
            model.eval()
        with _watched(model) as (blocks, _):
            logits = model(x.clone())
    return {"stem": blocks[0][1], "blocks": blocks[-1][2], "logits": logits}
