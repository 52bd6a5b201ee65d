"""Runs BasicBlock and CifarResNet in the worker and gives back what they computed as plain data."""

from __future__ import annotations

import math
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import resnet
import torch
from torch import Tensor, nn

from grader.worker.recorder import Recorder

# ---- p2.design ---------------------------------------------------------------------------------------------


_PATIENCE = 6.0  # CPU seconds; a count in closed form takes a tenth of one


def totals(classes: list[int]) -> list[list[list[int]]]:
    """The subject's own counts: for each number of classes a table of the widths 4 to 256 (rows) with 1 to 18
    blocks a stage (columns). No tables where it cannot count, or takes long over it.
    """
    end = time.process_time() + _PATIENCE
    tables = []
    for number in classes:
        table = []
        for width in range(4, 257):
            if time.process_time() > end:
                return []
            try:
                row = [int(resnet.count_parameters(width, n, number)["total"]) for n in range(1, 19)]
            except Exception:  # whatever is amiss is p2.count's affair
                return []
            table.append(row)
        tables.append(table)
    return tables


# ---- p2.block ----------------------------------------------------------------------------------------------


class _Norm(NamedTuple):
    """One call of torch's BatchNorm."""

    input: Tensor  # a copy
    output: Tensor  # a copy
    state: list[Tensor | None]  # weight, bias, running mean, running variance: the model's own memory


class _Convolution(NamedTuple):
    """One call of a convolution, with the BatchNorm that was given its output, if one was."""

    kernel: int  # side of the kernel
    weight: Tensor  # (out, in, k, k), the model's own memory
    input: Tensor  # a copy, (N, C, H, W)
    output: Tensor  # a copy
    norm: _Norm | None


def _convolutions(model: nn.Module, x: Tensor) -> list[_Convolution]:
    """The convolutions of one forward pass in the order of their use, in whatever way they are written."""
    found: list[_Convolution] = []
    norms: list[_Norm] = []

    def watch(name: str, args: tuple[Any, ...], result: Any) -> None:
        if name == "aten.convolution":
            given, weight = args[0].clone(), args[1].detach()
            if weight.shape[-1] == 3 and not any(args[4]):  # the borders were added before the call
                given = given[..., 1:-1, 1:-1]
            found.append(_Convolution(weight.shape[-1], weight, given, result.clone(), None))
        elif name.startswith("aten.") and "batch_norm" in name:
            state = [None if part is None else part.detach() for part in args[1:5]]
            norms.append(_Norm(args[0].clone(), result[0].clone(), state))

    with torch.no_grad(), Recorder(watch):
        model(x.clone())  # code that changes its input is told so by one test, not by all
    return [
        one._replace(norm=next((norm for norm in norms if torch.equal(norm.input, one.output)), None))
        for one in found
    ]


def _draw(key: str, shape: torch.Size, seed: int) -> Tensor:
    """Standard normal numbers that depend on the key and the seed only."""
    generator = torch.Generator().manual_seed(seed + zlib.crc32(key.encode()))
    return torch.randn(shape, generator=generator)


def _dressed_block(
    in_channels: int, out_channels: int, stride: int, x: Tensor, seed: int, main: float = 1.0
) -> nn.Module:
    """A BasicBlock whose weights and running statistics are drawn from the seed, told apart by their use.

    :param main: factor for the weights and the shifts of what is not the projection; 0 silences them.
    """
    block = resnet.BasicBlock(in_channels, out_channels, stride).eval()
    seen: dict[int, int] = {}
    with torch.no_grad():
        for convolution in _convolutions(block, x):
            kernel = convolution.kernel
            seen[kernel] = seen.get(kernel, 0) + 1
            key = f"convolution {kernel} number {seen[kernel]}"
            factor = main if kernel > 1 else 1.0
            weight = convolution.weight
            weight.copy_(_draw(key, weight.shape, seed) * factor / math.sqrt(weight[0].numel()))
            if convolution.norm is not None:
                _dress_norm(convolution.norm, key, seed, factor)
    return block


def _dress_norm(norm: _Norm, key: str, seed: int, factor: float) -> None:
    scale, shift, mean, variance = norm.state
    if scale is not None:
        scale.copy_(1 + 0.3 * _draw(f"{key}, scale", scale.shape, seed))
    if shift is not None:
        shift.copy_(0.5 * factor * _draw(f"{key}, shift", shift.shape, seed))
    if mean is not None:
        mean.copy_(0.5 * factor * _draw(f"{key}, mean", mean.shape, seed))
    if variance is not None:
        variance.copy_(torch.exp(0.5 * _draw(f"{key}, variance", variance.shape, seed)))


def block_parameters(in_channels: int, out_channels: int, stride: int) -> int:
    """Learnable parameters of a BasicBlock."""
    return sum(p.numel() for p in resnet.BasicBlock(in_channels, out_channels, stride).parameters())


def block_norms(in_channels: int, out_channels: int, stride: int, x: Tensor) -> list[dict[str, Tensor]]:
    """What the BatchNorms of a BasicBlock that nobody has trained start with: those behind its 3 x 3
    convolutions in the order of their use, then the projection's."""
    block = resnet.BasicBlock(in_channels, out_channels, stride).eval()
    seen = sorted(_convolutions(block, x), key=lambda one: -one.kernel)
    names = ("weight", "bias", "running_mean", "running_var")
    return [
        {
            name: torch.zeros(0) if part is None else part
            for name, part in zip(names, one.norm.state, strict=True)
        }
        for one in seen
        if one.norm is not None
    ]


def block_output(
    in_channels: int, out_channels: int, stride: int, x: Tensor, seed: int, training: bool
) -> torch.Tensor:
    """What a BasicBlock with weights from the seed makes of x, in train mode, or in eval mode after a pass in
    train mode."""
    block = _dressed_block(in_channels, out_channels, stride, x, seed).train()
    with torch.no_grad():
        output = block(x.clone())
        return output if training else block.eval()(x.clone())


def block_steps(
    in_channels: int, out_channels: int, stride: int, x: Tensor, seed: int
) -> dict[str, Tensor | list[Tensor]]:
    """What went through a BasicBlock with weights from the seed, in eval mode.

    :return: ``inputs``, ``outputs``: of the 3 x 3 convolutions in the order of their use; ``normed``: what
        the BatchNorm behind each made of it. The same under ``projection_...`` for 1 x 1 convolutions.
        ``result``: what the block gave back.
    """
    block = _dressed_block(in_channels, out_channels, stride, x, seed)
    steps: dict[str, Tensor | list[Tensor]] = {}
    seen = _convolutions(block, x)
    for prefix, part in (
        ("", [one for one in seen if one.kernel == 3]),
        ("projection_", [one for one in seen if one.kernel == 1]),
    ):
        steps[f"{prefix}inputs"] = [one.input for one in part]
        steps[f"{prefix}outputs"] = [one.output for one in part]
        steps[f"{prefix}normed"] = [one.norm.output for one in part if one.norm is not None]
    with torch.no_grad():
        steps["result"] = block(x.clone())
    return steps


def silenced_block(channels: int, x: Tensor, direction: Tensor, seed: int) -> tuple[Tensor, Tensor]:
    """An identity block whose 3 x 3 convolutions and shifts are zero: its output, and the gradient of
    sum(direction * output) with respect to x."""
    block = _dressed_block(channels, channels, 1, x, seed, main=0.0).train()
    x = x.clone().requires_grad_()
    output = block(x * 1.0)
    (direction * output).sum().backward()
    assert x.grad is not None
    return output.detach(), x.grad


def block_and_its_input(
    in_channels: int, out_channels: int, stride: int, x: Tensor, seed: int
) -> dict[str, Tensor]:
    """A pass in train mode: ``output``, and ``input``, what x is after it."""
    block = _dressed_block(in_channels, out_channels, stride, x, seed).train()
    with torch.no_grad():
        return {"output": block(x), "input": x}


def block_gradient(in_channels: int, out_channels: int, stride: int, x: Tensor, seed: int) -> torch.Tensor:
    """The gradient of a weighted sum of the output with respect to x, the branch being silent."""
    block = _dressed_block(in_channels, out_channels, stride, x, seed, main=0.0).train()
    x = x.clone().requires_grad_()
    output = block(x * 1.0)  # no leaf: autograd would stop code that changes it in place
    (output * _draw("direction", output.shape, seed)).sum().backward()
    return x.grad if x.grad is not None else torch.zeros_like(x)


# ---- p2.network --------------------------------------------------------------------------------------------


@contextmanager
def _stand_in(active: bool = True) -> Iterator[list[tuple[int, int]]]:
    """While it lasts, resnet.BasicBlock is one convolution and a sine inside, whatever the subject wrote.

    :return: (in_channels, out_channels) of the blocks that are built meanwhile.
    """
    built: list[tuple[int, int]] = []

    def build(self: Any, in_channels: int, out_channels: int, stride: int = 1, *_: Any, **__: Any) -> None:
        nn.Module.__init__(self)
        self.inside = nn.Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=False)
        built.append((in_channels, out_channels))

    def forward(self: Any, x: Tensor) -> Tensor:
        return torch.sin(self.inside(x))

    block = resnet.BasicBlock
    if not active or not isinstance(block, type):
        yield built
        return
    kept = {name: vars(block).get(name) for name in ("__init__", "forward")}
    block.__init__, block.forward = build, forward  # type: ignore[method-assign, assignment]
    try:
        yield built
    finally:
        for name, method in kept.items():
            if method is None:
                delattr(block, name)
            else:
                setattr(block, name, method)


def builds_of_blocks() -> bool:
    """Whether CifarResNet makes its blocks with BasicBlock."""
    with _stand_in() as built:
        resnet.CifarResNet(2, 1, 2)
    return bool(built)


def network_keys(width: int, blocks_per_stage: int, num_classes: int) -> list[str]:
    """state_dict keys, sorted; those of a block up to its number only."""
    with _stand_in():
        keys = resnet.CifarResNet(width, blocks_per_stage, num_classes).state_dict()
    return sorted({".".join(key.split(".")[:3]) if key.startswith("stages.") else key for key in keys})


def network_logits(width: int, blocks_per_stage: int, num_classes: int, x: Tensor) -> torch.Tensor:
    """Logits of a fresh network in eval mode."""
    with _stand_in(), torch.no_grad():
        return resnet.CifarResNet(width, blocks_per_stage, num_classes).eval()(x)


def network_shapes(width: int, blocks_per_stage: int, x: Tensor) -> list[list[int]]:
    """[channels, height, width] behind the stem's pooling and each block, without repetitions in a row."""
    shapes: list[list[int]] = []
    with _stand_in():
        model = resnet.CifarResNet(width, blocks_per_stage, 10).eval()
        seen = [one for one in _convolutions(model, x) if one.kernel > 1]
    for shape in [list(part.shape[1:]) for one in seen[1:] for part in (one.input, one.output)]:
        if not shapes or shapes[-1] != shape:
            shapes.append(shape)
    return shapes


def network_outputs(
    width: int,
    blocks_per_stage: int,
    num_classes: int,
    x: Tensor,
    seed: int,
    own_blocks: bool,
) -> dict[str, Tensor]:
    """Logits of a network whose weights are drawn from the seed by their keys.

    :param own_blocks: with the subject's BasicBlock as it is, not with the stand-in.
    :return: ``train``: of a pass in train mode; ``eval``: of the pass in eval mode that follows it.
    """
    with _stand_in(not own_blocks):
        model = resnet.CifarResNet(width, blocks_per_stage, num_classes).train()
        with torch.no_grad():
            for key, value in model.state_dict().items():
                _dress(key, value, seed)
            return {"train": model(x), "eval": model.eval()(x)}


def _dress(key: str, value: Tensor, seed: int) -> None:
    if not value.is_floating_point():
        return
    value.copy_(_draw(key, value.shape, seed))
    if value.ndim > 1:
        value /= math.sqrt(value[0].numel())
    elif key.endswith("running_var"):
        value.copy_(torch.exp(0.5 * value))
    elif key.endswith("weight"):
        value.mul_(0.3).add_(1)
