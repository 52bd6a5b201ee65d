"""p4, a ResNet-D, its first weights and its memory: weights are drawn by NumPy, the network is torch's."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

import numpy as np
import torch
from residual import Residual
from torch import Tensor, nn


def _chain(c_in: int, *layers: tuple[int, int, int], last_relu: bool = True) -> nn.Sequential:
    """Convolutions (channels out, kernel, stride), each with its BatchNorm and a ReLU."""
    parts: OrderedDict[str, nn.Module] = OrderedDict()
    for number, (c_out, kernel, stride) in enumerate(layers):
        parts[f"conv{number}"] = nn.Conv2d(c_in, c_out, kernel, stride, padding=kernel // 2, bias=False)
        parts[f"norm{number}"] = nn.BatchNorm2d(c_out)
        parts[f"relu{number}"] = nn.ReLU()
        c_in = c_out
    if not last_relu:
        parts.popitem()
    return nn.Sequential(parts)


class Bottleneck(Residual):
    """1 x 1 to ``mid`` channels, 3 x 3, 1 x 1 to ``4 * mid`` channels."""

    def __init__(self, c_in: int, mid: int, stride: int = 1) -> None:
        wide = 4 * mid
        branch = _chain(c_in, (mid, 1, 1), (mid, 3, stride), (wide, 1, 1), last_relu=False)
        if stride == 1 and c_in == wide:
            super().__init__(branch, nn.Identity())
            return
        project = _chain(c_in, (wide, 1, 1), last_relu=False)
        if stride == 2:
            project = nn.Sequential(nn.AvgPool2d(2, 2, ceil_mode=True, count_include_pad=False), project)
        super().__init__(branch, project)


class ResNetD(nn.Module):
    """Stem, stages of bottlenecks, mean over the image, logits."""

    def __init__(
        self,
        blocks: tuple[int, ...] = (3, 4, 23, 3),
        width: int = 64,
        num_classes: int = 1000,
        in_channels: int = 3,
        small: bool = False,
    ) -> None:
        super().__init__()
        if small:
            self.stem = _chain(in_channels, (width, 3, 1))
        else:
            half = width // 2
            self.stem = _chain(in_channels, (half, 3, 2), (half, 3, 1), (width, 3, 1))
            self.stem.add_module("pool", nn.MaxPool2d(3, 2, padding=1))
        stages = np.repeat(np.arange(len(blocks)), blocks).tolist()  # of each block, from the first on
        mids = [width * 2**stage for stage in stages]
        ins = [width, *(4 * mid for mid in mids[:-1])]
        strides = [2 if now > before else 1 for before, now in zip([0, *stages], stages, strict=False)]
        self.body = nn.Sequential(*map(Bottleneck, ins, mids, strides))
        self.head = nn.Linear(4 * mids[-1], num_classes)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (N, num_classes) of images (N, in_channels, H, W)."""
        return self.head(self.body(self.stem(x)).flatten(2).mean(dim=2))


def initialize(model: nn.Module) -> None:
    """He's rule for convolutions, 0.01 for Linear layers, and each block begins as its shortcut."""
    draw = np.random.default_rng(int(torch.randint(2**62, ())))  # so that torch's seed decides
    ends = set()
    for block in model.modules():
        if isinstance(block, Residual):
            ends.add([layer for layer in block.branch.modules() if isinstance(layer, nn.BatchNorm2d)][-1])

    for layer in model.modules():
        if not isinstance(layer, nn.Conv2d | nn.BatchNorm2d | nn.Linear):
            continue
        weight = layer.weight.detach().numpy()  # shares its memory with the parameter
        if isinstance(layer, nn.BatchNorm2d):
            weight[...] = layer not in ends
        else:
            fan_in = np.prod(weight.shape[1:])
            deviation = 0.01 if isinstance(layer, nn.Linear) else np.sqrt(2 / fan_in)
            weight[...] = draw.normal(0.0, deviation, weight.shape)
        if layer.bias is not None:
            layer.bias.detach().numpy()[...] = 0.0


def saved_bytes_per_sample(
    model: nn.Module, make_batch: Callable[[int], Tensor], autocast_dtype: torch.dtype | None = None
) -> float:
    """Bytes that each further sample makes autograd keep for the backward pass."""
    owned = {tensor.untyped_storage() for tensor in (*model.parameters(), *model.buffers())}

    def kept(samples: int) -> int:
        sizes: dict[torch.UntypedStorage, int] = {}

        def pack(tensor: Tensor) -> Tensor:
            storage = tensor.untyped_storage()
            if storage not in owned:
                sizes[storage] = storage.nbytes()
            return tensor

        x = make_batch(samples)
        with (
            torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor),
            torch.autocast("cpu", dtype=autocast_dtype, enabled=autocast_dtype is not None),
        ):
            model(x)
        return sum(sizes.values())

    return float(np.diff([kept(2), kept(4)]).item() / 2)


def state_bytes(n_params: int, optimizer: str, autocast: bool) -> int:
    """Bytes of parameters, gradients, the optimizer's numbers and, with autocast, the 16-bit copy."""
    single, half = np.dtype(np.float32).itemsize, np.dtype(np.float16).itemsize
    try:
        numbers = ("sgd", "sgd_momentum", "adamw").index(optimizer)
    except ValueError:
        raise ValueError(f"no such optimizer: {optimizer}") from None
    return n_params * (single * (2 + numbers) + (half if autocast else 0))


def largest_batch(per_sample: float, state: int, capacity_bytes: int, reserve_bytes: int = 0) -> int:
    """The largest number of samples that fits beside state and reserve."""
    samples = np.floor_divide(capacity_bytes - reserve_bytes - state, per_sample)
    return int(max(samples, 0))
