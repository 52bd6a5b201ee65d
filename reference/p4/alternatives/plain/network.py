"""p4, a ResNet-D, its first weights and its memory: idiomatic torch, the shortest clear code."""

from __future__ import annotations

from collections.abc import Callable

import torch
from residual import Residual
from torch import Tensor, nn


def conv_norm(c_in: int, c_out: int, kernel: int, stride: int = 1) -> tuple[nn.Conv2d, nn.BatchNorm2d]:
    """A convolution that keeps the size (but for its stride), and its BatchNorm."""
    conv = nn.Conv2d(c_in, c_out, kernel, stride, padding=kernel // 2, bias=False)
    return conv, nn.BatchNorm2d(c_out)


class Bottleneck(Residual):
    """1 x 1 to ``mid`` channels, 3 x 3, 1 x 1 to ``4 * mid`` channels."""

    def __init__(self, c_in: int, mid: int, stride: int = 1) -> None:
        c_out = 4 * mid
        branch = nn.Sequential(
            *conv_norm(c_in, mid, 1),
            nn.ReLU(),
            *conv_norm(mid, mid, 3, stride),
            nn.ReLU(),
            *conv_norm(mid, c_out, 1),
        )
        if stride == 2:
            mean = nn.AvgPool2d(2, stride=2, ceil_mode=True)  # ceil_mode leaves out what does not exist
            shortcut = nn.Sequential(mean, *conv_norm(c_in, c_out, 1))
        elif c_in != c_out:
            shortcut = nn.Sequential(*conv_norm(c_in, c_out, 1))
        else:
            shortcut = nn.Identity()
        super().__init__(branch, shortcut)


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
            self.stem = nn.Sequential(*conv_norm(in_channels, width, 3), nn.ReLU())
        else:
            self.stem = nn.Sequential(
                *conv_norm(in_channels, width // 2, 3, stride=2),
                nn.ReLU(),
                *conv_norm(width // 2, width // 2, 3),
                nn.ReLU(),
                *conv_norm(width // 2, width, 3),
                nn.ReLU(),
                nn.MaxPool2d(3, stride=2, padding=1),
            )
        self.stages = nn.Sequential()
        channels = width
        for i, count in enumerate(blocks):
            mid = width * 2**i
            stage = nn.Sequential()
            for j in range(count):
                stage.append(Bottleneck(channels, mid, stride=2 if i > 0 and j == 0 else 1))
                channels = 4 * mid
            self.stages.append(stage)
        self.head = nn.Linear(channels, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (N, num_classes) of images (N, in_channels, H, W)."""
        return self.head(self.stages(self.stem(x)).mean(dim=(2, 3)))


def initialize(model: nn.Module) -> None:
    """He's rule for convolutions, 0.01 for Linear layers, and each block begins as its shortcut."""
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.ones_(module.weight)
        elif isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, std=0.01)
        else:
            continue
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    for module in model.modules():
        if isinstance(module, Residual):
            nn.init.zeros_(module.branch[-1].weight)


def saved_bytes_per_sample(
    model: nn.Module, make_batch: Callable[[int], Tensor], autocast_dtype: torch.dtype | None = None
) -> float:
    """Bytes that each further sample makes autograd keep for the backward pass."""
    owned = {tensor.untyped_storage() for tensor in (*model.parameters(), *model.buffers())}

    def kept(samples: int) -> int:
        storages = set()

        def pack(tensor: Tensor) -> Tensor:
            storages.add(tensor.untyped_storage())
            return tensor

        x = make_batch(samples)
        with (
            torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor),
            torch.autocast("cpu", dtype=autocast_dtype, enabled=autocast_dtype is not None),
        ):
            model(x)
        return sum(storage.nbytes() for storage in storages - owned)

    return (kept(4) - kept(2)) / 2


def state_bytes(n_params: int, optimizer: str, autocast: bool) -> int:
    """Bytes of parameters, gradients, the optimizer's numbers and, with autocast, the 16-bit copy."""
    numbers = {"sgd": 0, "sgd_momentum": 1, "adamw": 2}
    if optimizer not in numbers:
        raise ValueError(f"unknown optimizer {optimizer!r}")
    return n_params * (4 * (2 + numbers[optimizer]) + 2 * autocast)


def largest_batch(per_sample: float, state: int, capacity_bytes: int, reserve_bytes: int = 0) -> int:
    """The largest number of samples that fits beside state and reserve."""
    return max(0, int((capacity_bytes - reserve_bytes - state) // per_sample))
