"""p4, a ResNet-D, its first weights and its memory: a plan of all blocks, one pass of `apply`."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import torch
from residual import Residual
from torch import Tensor, nn
from torch.nn import functional as F


class Halve(nn.Module):
    """Mean of 2 x 2 pixels. An odd border is repeated, so that the mean is that of the pixels there are."""

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to half of H and W, rounded up."""
        below, right = x.shape[-2] % 2, x.shape[-1] % 2
        if below or right:
            x = F.pad(x, (0, right, 0, below), mode="replicate")
        return F.avg_pool2d(x, 2)


def convolutions(channels: list[int], kernels: list[int], stride: int = 1, at: int = 0) -> list[nn.Module]:
    """Convolutions, each with BatchNorm and ReLU; the stride is that of the one at a place."""
    layers: list[nn.Module] = []
    for i, ((c_in, c_out), kernel) in enumerate(zip(pairwise(channels), kernels, strict=True)):
        here = stride if i == at else 1
        conv = nn.Conv2d(c_in, c_out, kernel, here, padding=kernel // 2, bias=False)
        layers += [conv, nn.BatchNorm2d(c_out), nn.ReLU()]
    return layers


class Bottleneck(Residual):
    """1 x 1 to ``mid`` channels, 3 x 3, 1 x 1 to ``4 * mid`` channels."""

    def __init__(self, c_in: int, mid: int, stride: int = 1) -> None:
        c_out = 4 * mid
        branch = convolutions([c_in, mid, mid, c_out], [1, 3, 1], stride, at=1)[:-1]
        shortcut = [Halve()] * (stride == 2)
        if stride == 2 or c_in != c_out:
            shortcut += convolutions([c_in, c_out], [1])[:-1]
        super().__init__(nn.Sequential(*branch), nn.Sequential(*shortcut))


class ResNetD(nn.Sequential):
    """Stem, stages of bottlenecks, mean over the image, logits."""

    def __init__(
        self,
        blocks: tuple[int, ...] = (3, 4, 23, 3),
        width: int = 64,
        num_classes: int = 1000,
        in_channels: int = 3,
        small: bool = False,
    ) -> None:
        if small:
            stem = convolutions([in_channels, width], [3])
        else:
            half = width // 2
            stem = convolutions([in_channels, half, half, width], [3, 3, 3], stride=2)
            stem.append(nn.MaxPool2d(3, stride=2, padding=1))
        plan = [
            (width * 2**i, 2 if i and not j else 1) for i, count in enumerate(blocks) for j in range(count)
        ]
        inputs = [width] + [4 * mid for mid, _ in plan]
        body = [Bottleneck(c_in, mid, stride) for c_in, (mid, stride) in zip(inputs, plan, strict=False)]
        head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(inputs[-1], num_classes)]
        super().__init__(*stem, *body, *head)


def _begin(module: nn.Module) -> None:
    if isinstance(module, nn.Conv2d):
        nn.init.normal_(module.weight, std=math.sqrt(2 / module.weight[:, 0].numel()))  # fan_out
    elif isinstance(module, nn.Linear):
        nn.init.normal_(module.weight, std=0.01)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.ones_(module.weight)
    elif isinstance(module, Residual):
        nn.init.zeros_(module.branch[-1].weight)
    if isinstance(getattr(module, "bias", None), Tensor):
        nn.init.zeros_(module.bias)


def initialize(model: nn.Module) -> None:
    """He's rule for convolutions, 0.01 for Linear layers, and each block begins as its shortcut."""
    model.apply(_begin)  # visits the parts of a module before the module: a block's zeros come last


def saved_bytes_per_sample(
    model: nn.Module, make_batch: Callable[[int], Tensor], autocast_dtype: torch.dtype | None = None
) -> float:
    """Bytes that each further sample makes autograd keep for the backward pass."""
    owned = {tensor.untyped_storage() for tensor in (*model.parameters(), *model.buffers())}
    slope = 0.0
    for samples, weight in ((2, -0.5), (4, 0.5)):
        saved: list[Tensor] = []
        x = make_batch(samples)
        with (
            torch.autograd.graph.saved_tensors_hooks(
                lambda t, saved=saved: saved.append(t) or t, lambda t: t
            ),
            torch.autocast("cpu", dtype=autocast_dtype, enabled=autocast_dtype is not None),
        ):
            model(x)
        slope += weight * sum(storage.nbytes() for storage in {t.untyped_storage() for t in saved} - owned)
    return slope


def state_bytes(n_params: int, optimizer: str, autocast: bool) -> int:
    """Bytes of parameters, gradients, the optimizer's numbers and, with autocast, the 16-bit copy."""
    names = ["sgd", "sgd_momentum", "adamw"]
    if optimizer not in names:
        raise ValueError(f"{optimizer} is none of {names}")
    return n_params * (8 + 4 * names.index(optimizer) + 2 * int(autocast))


def largest_batch(per_sample: float, state: int, capacity_bytes: int, reserve_bytes: int = 0) -> int:
    """The largest number of samples that fits beside state and reserve."""
    samples, _ = divmod(max(capacity_bytes - state - reserve_bytes, 0), per_sample)
    return int(samples)
