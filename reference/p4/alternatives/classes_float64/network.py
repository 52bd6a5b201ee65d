"""p4, a ResNet-D, its first weights and its memory: small classes and closures, weights drawn in float64."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from fractions import Fraction

import torch
from residual import Residual
from torch import Tensor, nn


class ConvNorm(nn.Sequential):
    """A convolution that keeps the size (but for its stride), and its BatchNorm."""

    def __init__(self, c_in: int, c_out: int, kernel: int, stride: int = 1) -> None:
        conv = nn.Conv2d(c_in, c_out, kernel, stride, padding=kernel // 2, bias=False)
        super().__init__(conv, nn.BatchNorm2d(c_out))


class ConvNormReLU(ConvNorm):
    """The same with a ReLU behind it."""

    def __init__(self, c_in: int, c_out: int, kernel: int, stride: int = 1) -> None:
        super().__init__(c_in, c_out, kernel, stride)
        self.append(nn.ReLU())


class Bottleneck(Residual):
    """1 x 1 to ``mid`` channels, 3 x 3, 1 x 1 to ``4 * mid`` channels."""

    def __init__(self, c_in: int, mid: int, stride: int = 1) -> None:
        # The ConvNorms are laid open, so that the branch is layers in a row with a BatchNorm at its end.
        parts = ConvNormReLU(c_in, mid, 1), ConvNormReLU(mid, mid, 3, stride), ConvNorm(mid, 4 * mid, 1)
        branch = nn.Sequential(*(layer for part in parts for layer in part))
        super().__init__(branch, self._shortcut(c_in, 4 * mid, stride))

    @staticmethod
    def _shortcut(c_in: int, c_out: int, stride: int) -> nn.Module:
        if stride == 2:
            return nn.Sequential(nn.AvgPool2d(2, stride=2, ceil_mode=True), *ConvNorm(c_in, c_out, 1))
        return nn.Identity() if c_in == c_out else ConvNorm(c_in, c_out, 1)


class Stem(nn.Sequential):
    """Three convolutions and a pooling, or, if small, one convolution."""

    def __init__(self, c_in: int, width: int, small: bool) -> None:
        if small:
            super().__init__(ConvNormReLU(c_in, width, 3))
            return
        super().__init__(
            ConvNormReLU(c_in, width // 2, 3, stride=2),
            ConvNormReLU(width // 2, width // 2, 3),
            ConvNormReLU(width // 2, width, 3),
            nn.MaxPool2d(3, stride=2, padding=1),
        )


class Stage(nn.Sequential):
    """Blocks of one width; the first one takes care of size and channels."""

    def __init__(self, c_in: int, mid: int, blocks: int, stride: int) -> None:
        self_made = [Bottleneck(4 * mid, mid) for _ in range(blocks - 1)]
        super().__init__(Bottleneck(c_in, mid, stride), *self_made)


class Head(nn.Sequential):
    """Mean over the image, logits."""

    def __init__(self, channels: int, num_classes: int) -> None:
        super().__init__(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, num_classes))


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
        stages = [Stage(width, width, blocks[0], stride=1)]
        for i, count in enumerate(blocks[1:], start=1):
            mid = width * 2**i
            stages.append(Stage(4 * mid // 2, mid, count, stride=2))
        last = 4 * width * 2 ** (len(blocks) - 1)
        self.net = nn.Sequential(Stem(in_channels, width, small), *stages, Head(last, num_classes))

    def forward(self, x: Tensor) -> Tensor:
        """Logits (N, num_classes) of images (N, in_channels, H, W)."""
        return self.net(x)


@dataclass(frozen=True)
class Start:
    """How a layer begins."""

    weight: float  # mean
    deviation: float = 0.0

    def __call__(self, layer: nn.Module) -> None:
        noise = torch.randn(layer.weight.shape, dtype=torch.float64)
        with torch.no_grad():
            layer.weight.copy_(self.weight + self.deviation * noise)
            if layer.bias is not None:
                layer.bias.zero_()


def initialize(model: nn.Module) -> None:
    """He's rule for convolutions, 0.01 for Linear layers, and each block begins as its shortcut."""

    def norms(part: nn.Module) -> list[nn.Module]:
        return [layer for layer in part.modules() if isinstance(layer, nn.BatchNorm2d)]

    silent = {id(norms(block.branch)[-1]) for block in model.modules() if isinstance(block, Residual)}
    for layer in model.modules():
        match layer:
            case nn.Conv2d():
                fan_out = layer.out_channels * math.prod(layer.kernel_size)
                Start(0.0, math.sqrt(2 / fan_out))(layer)
            case nn.BatchNorm2d():
                Start(0.0 if id(layer) in silent else 1.0)(layer)
            case nn.Linear():
                Start(0.0, 0.01)(layer)


class Ledger(torch.autograd.graph.saved_tensors_hooks):
    """Notes every storage that autograd saves while it is open."""

    def __init__(self) -> None:
        self.storages: set[torch.UntypedStorage] = set()
        super().__init__(self._note, lambda tensor: tensor)

    def __enter__(self) -> Ledger:
        super().__enter__()
        return self

    def _note(self, tensor: Tensor) -> Tensor:
        self.storages.add(tensor.untyped_storage())
        return tensor

    def bytes_without(self, model: nn.Module) -> int:
        """All that is neither parameter nor buffer of the model."""
        for tensor in (*model.parameters(), *model.buffers()):
            self.storages.discard(tensor.untyped_storage())
        return sum(storage.nbytes() for storage in self.storages)


def saved_bytes_per_sample(
    model: nn.Module, make_batch: Callable[[int], Tensor], autocast_dtype: torch.dtype | None = None
) -> float:
    """Bytes that each further sample makes autograd keep for the backward pass."""

    def kept(samples: int) -> int:
        x = make_batch(samples)
        precision = nullcontext() if autocast_dtype is None else torch.autocast("cpu", autocast_dtype)
        with Ledger() as ledger, precision:
            model(x)
        return ledger.bytes_without(model)

    return (kept(4) - kept(2)) / 2


@dataclass(frozen=True)
class State:
    """Bytes of one parameter."""

    optimizer: str
    autocast: bool

    NUMBERS = {"sgd": 0, "sgd_momentum": 1, "adamw": 2}  # noqa: RUF012, no annotation, so no field

    def __post_init__(self) -> None:
        if self.optimizer not in self.NUMBERS:
            raise ValueError(f"one of {', '.join(self.NUMBERS)} is needed, not {self.optimizer}")

    @property
    def bytes(self) -> int:
        parameter, gradient, copy = 4, 4, 2 if self.autocast else 0
        return parameter + gradient + 4 * self.NUMBERS[self.optimizer] + copy


def state_bytes(n_params: int, optimizer: str, autocast: bool) -> int:
    """Bytes of parameters, gradients, the optimizer's numbers and, with autocast, the 16-bit copy."""
    return n_params * State(optimizer, autocast).bytes


def largest_batch(per_sample: float, state: int, capacity_bytes: int, reserve_bytes: int = 0) -> int:
    """The largest number of samples that fits beside state and reserve, without any rounding."""
    room = Fraction(capacity_bytes) - state - reserve_bytes
    return max(0, math.floor(room / Fraction(per_sample)))
