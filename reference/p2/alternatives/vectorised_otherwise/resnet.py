"""The CIFAR ResNet by other formulas: multiplicities of layers, running shapes, bisection, functions."""

from bisect import bisect_left
from itertools import accumulate, pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from trunk import Stem, Trunk


def _layers(w: int, n: int) -> dict[str, list[tuple[int, int, int, int]]]:
    """Per part the kinds of convolution that occur: (how often, channels in, channels out, kernel)."""

    def halving(b: int) -> list[tuple[int, int, int, int]]:
        return [(1, b // 2, b, 3), (2 * n - 1, b, b, 3), (1, b // 2, b, 1)]

    return {
        "stem": [(1, 3, w, 3)],
        "stage1": [(2 * n, w, w, 3)],
        "stage2": halving(2 * w),
        "stage3": halving(4 * w),
    }


def count_parameters(width: int, blocks_per_stage: int = 3, num_classes: int = 10) -> dict[str, int]:
    """Learnable parameters of the network, part by part."""
    if not (width >= 1 and blocks_per_stage >= 1 and num_classes >= 1):
        raise ValueError("all three have to be 1 or more")
    counts = {
        part: sum(times * (k * k * a + 2) * b for times, a, b, k in layers)
        for part, layers in _layers(width, blocks_per_stage).items()
    }
    counts["head"] = num_classes * (4 * width + 1)
    counts["total"] = sum(counts.values())
    return counts


def _strides(stages: int, blocks: int) -> list[int]:
    """Stride of each block: 2 at the start of every stage but the first."""
    return [2 if block % blocks == 0 < block else 1 for block in range(stages * blocks)]


def shortcuts(
    widths: list[int], blocks_per_stage: int, image_size: int = 32
) -> list[tuple[str, tuple[int, int, int], tuple[int, int, int]]]:
    """Each block's shortcut and the shapes: pairs of neighbours in the list of all shapes."""
    strides = _strides(len(widths), blocks_per_stage)
    # at stride s, a side of H leaves the ceiling of H / s
    sides = accumulate(strides, lambda side, stride: -(-side // stride), initial=image_size)
    channels = [widths[0]] + [width for width in widths for _ in range(blocks_per_stage)]
    shapes = [(c, side, side) for c, side in zip(channels, sides, strict=True)]
    return [
        ("identity" if stride == 1 and given[0] == made[0] else "projection", given, made)
        for stride, (given, made) in zip(strides, pairwise(shapes), strict=True)
    ]


def design(target: int, tolerance: int, num_classes: int = 10) -> tuple[int, int] | None:
    """A fitting (width, blocks_per_stage): for each depth the total grows with the width, so bisect it."""
    for blocks in range(18, 0, -1):

        def total(width: int, blocks: int = blocks) -> int:
            return count_parameters(width, blocks, num_classes)["total"]

        widths = range(4, 257)
        place = bisect_left(widths, target - tolerance, key=total)
        if place < len(widths) and total(widths[place]) <= target + tolerance:
            return widths[place], blocks
    return None


class _Norm(nn.Module):
    """BatchNorm's numbers, applied by its function."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))

    def forward(self, x: Tensor) -> Tensor:
        return F.batch_norm(
            x, self.running_mean, self.running_var, self.weight, self.bias, training=self.training
        )


def _kernel(a: int, b: int, k: int) -> nn.Parameter:
    return nn.Parameter(nn.init.kaiming_normal_(torch.empty(b, a, k, k), mode="fan_out", nonlinearity="relu"))


class BasicBlock(nn.Module):
    """relu(norm(conv(relu(norm(conv(x))))) + shortcut(x)), from bare kernels and functions."""

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1) -> None:
        super().__init__()
        self.stride = stride
        self.kernel1, self.norm1 = _kernel(in_channels, out_channels, 3), _Norm(out_channels)
        self.kernel2, self.norm2 = _kernel(out_channels, out_channels, 3), _Norm(out_channels)
        self.projects = stride != 1 or in_channels != out_channels
        if self.projects:
            self.kernel3, self.norm3 = _kernel(in_channels, out_channels, 1), _Norm(out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """(N, in_channels, H, W) to (N, out_channels, H', W')."""
        side = self.norm3(F.conv2d(x, self.kernel3, stride=self.stride)) if self.projects else x
        inner = self.norm1(F.conv2d(x, self.kernel1, stride=self.stride, padding=1)).clamp(min=0)
        return torch.add(side, self.norm2(F.conv2d(inner, self.kernel2, padding=1))).clamp(min=0)


class CifarResNet(Trunk):
    """A Trunk with a 3 x 3 stem of stride 1 without pooling, and three stages cut from one list of blocks."""

    def __init__(self, width: int = 16, blocks_per_stage: int = 3, num_classes: int = 10) -> None:
        widths = [width << stage for stage in range(3)]
        strides = _strides(3, blocks_per_stage)
        plan = zip(shortcuts(widths, blocks_per_stage), strides, strict=True)
        blocks = [BasicBlock(given[0], made[0], stride) for (_, given, made), stride in plan]
        stages = [blocks[i * blocks_per_stage : (i + 1) * blocks_per_stage] for i in range(3)]
        super().__init__(Stem(width, kernel_size=3, stride=1, pool=False), stages, widths[-1], num_classes)
