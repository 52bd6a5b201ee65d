"""p4, a ResNet-D, its first weights and its memory: layers appended one by one, tensors changed in place."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from residual import Residual
from torch import Tensor, nn
from torch.nn import functional as F


def _append(
    layers: nn.Sequential, c_in: int, c_out: int, kernel: int = 1, stride: int = 1, relu: bool = True
) -> int:
    """Append a convolution with its BatchNorm, and perhaps a ReLU; return the channels that come out."""
    layers.append(nn.Conv2d(c_in, c_out, kernel, stride, padding=(kernel - 1) // 2, bias=False))
    layers.append(nn.BatchNorm2d(c_out))
    if relu:
        layers.append(nn.ReLU(inplace=True))
    return c_out


class Bottleneck(Residual):
    """1 x 1 to ``mid`` channels, 3 x 3, 1 x 1 to ``4 * mid`` channels."""

    def __init__(self, c_in: int, mid: int, stride: int = 1) -> None:
        branch, shortcut = nn.Sequential(), nn.Sequential()
        _append(branch, c_in, mid)
        _append(branch, mid, mid, 3, stride)
        wide = _append(branch, mid, 4 * mid, relu=False)
        if stride == 2:
            shortcut.append(nn.AvgPool2d(2, 2, ceil_mode=True, count_include_pad=False))
        if stride == 2 or c_in != wide:
            _append(shortcut, c_in, wide, relu=False)
        super().__init__(branch, shortcut)  # an empty Sequential gives x itself


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
        self.layers = nn.Sequential()
        if small:
            now = _append(self.layers, in_channels, width, 3)
        else:
            now = _append(self.layers, in_channels, width // 2, 3, 2)
            now = _append(self.layers, now, width // 2, 3)
            now = _append(self.layers, now, width, 3)
            self.layers.append(nn.MaxPool2d(3, 2, padding=1))
        mid, stride = width, 1
        for number in blocks:
            for _ in range(number):
                self.layers.append(Bottleneck(now, mid, stride))
                now, stride = 4 * mid, 1
            mid, stride = 2 * mid, 2
        self.head = nn.Linear(now, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (N, num_classes) of images (N, in_channels, H, W)."""
        for layer in self.layers:
            x = layer(x)
        return self.head(F.adaptive_avg_pool2d(x, 1).flatten(1))


@torch.no_grad()
def initialize(model: nn.Module) -> None:
    """He's rule for convolutions, 0.01 for Linear layers, and each block begins as its shortcut."""
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d):
            outgoing = layer.weight.shape[0] * math.prod(layer.kernel_size)
            layer.weight.normal_(0.0, math.sqrt(2 / outgoing))
        elif isinstance(layer, nn.Linear):
            layer.weight.normal_(0.0, 0.01)
        elif isinstance(layer, nn.BatchNorm2d):
            layer.weight.fill_(1.0)
        else:
            continue
        if layer.bias is not None:
            layer.bias.zero_()
    # After all ones are written, for they would overwrite these zeros.
    for block in model.modules():
        if not isinstance(block, Residual):
            continue
        for layer in reversed(block.branch):
            if isinstance(layer, nn.BatchNorm2d):
                layer.weight.zero_()
                break


def _kept(model: nn.Module, x: Tensor, autocast_dtype: torch.dtype | None) -> int:
    """Bytes that one forward pass keeps, parameters and buffers left out."""
    storages: set[torch.UntypedStorage] = set()

    def note(tensor: Tensor) -> Tensor:
        storages.add(tensor.untyped_storage())
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        if autocast_dtype is None:
            model(x)
        else:
            with torch.autocast("cpu", dtype=autocast_dtype):
                model(x)
    for tensor in model.parameters():
        storages.discard(tensor.untyped_storage())
    for tensor in model.buffers():
        storages.discard(tensor.untyped_storage())
    total = 0
    for storage in storages:
        total += storage.nbytes()
    return total


def saved_bytes_per_sample(
    model: nn.Module, make_batch: Callable[[int], Tensor], autocast_dtype: torch.dtype | None = None
) -> float:
    """Bytes that each further sample makes autograd keep for the backward pass."""
    two = _kept(model, make_batch(2), autocast_dtype)
    four = _kept(model, make_batch(4), autocast_dtype)
    return (four - two) / 2


def state_bytes(n_params: int, optimizer: str, autocast: bool) -> int:
    """Bytes of parameters, gradients, the optimizer's numbers and, with autocast, the 16-bit copy."""
    each = 4 + 4
    if optimizer == "sgd_momentum":
        each += 4
    elif optimizer == "adamw":
        each += 8
    elif optimizer != "sgd":
        raise ValueError(f"unknown optimizer: {optimizer}")
    if autocast:
        each += 2
    return each * n_params


def largest_batch(per_sample: float, state: int, capacity_bytes: int, reserve_bytes: int = 0) -> int:
    """The largest number of samples that fits beside state and reserve."""
    room = capacity_bytes - state - reserve_bytes
    if room < per_sample:
        return 0
    return int(room // per_sample)
