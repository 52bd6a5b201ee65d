"""The CIFAR ResNet from small classes: a description of each block counts, draws and builds it."""

from collections.abc import Iterator
from dataclasses import dataclass

from torch import Tensor, nn
from trunk import Stem, Trunk

Shape = tuple[int, int, int]


@dataclass(frozen=True)
class ConvSize:
    """A convolution with its BatchNorm, on paper."""

    a: int
    b: int
    k: int

    @property
    def parameters(self) -> int:
        return self.k**2 * self.a * self.b + 2 * self.b


@dataclass(frozen=True)
class BlockSize:
    """A basic block, on paper."""

    a: int
    b: int
    stride: int = 1

    @property
    def projects(self) -> bool:
        return self.stride != 1 or self.a != self.b

    @property
    def parameters(self) -> int:
        branch = ConvSize(self.a, self.b, 3).parameters + ConvSize(self.b, self.b, 3).parameters
        return branch + (ConvSize(self.a, self.b, 1).parameters if self.projects else 0)

    def shape(self, side: int) -> Shape:
        side = (side + 1) // 2 if self.stride == 2 else side
        return self.b, side, side


@dataclass(frozen=True)
class StageSize:
    """n blocks, of which the first is unlike the others."""

    first: BlockSize
    n: int

    @property
    def other(self) -> BlockSize:
        return BlockSize(self.first.b, self.first.b)

    @property
    def parameters(self) -> int:
        return self.first.parameters + (self.n - 1) * self.other.parameters

    def __iter__(self) -> Iterator[BlockSize]:
        yield self.first
        for _ in range(self.n - 1):
            yield self.other


def _stages(widths: list[int], n: int) -> list[StageSize]:
    """The stages behind a stem that gives widths[0] channels; all but the first begin with stride 2."""
    given = [widths[0], *widths[:-1]]
    strides = [1] + [2] * (len(widths) - 1)
    return [
        StageSize(BlockSize(a, b, stride), n) for a, b, stride in zip(given, widths, strides, strict=True)
    ]


def count_parameters(width: int, blocks_per_stage: int = 3, num_classes: int = 10) -> dict[str, int]:
    """Learnable parameters of the network, part by part."""
    for name, value in {"width": width, "blocks": blocks_per_stage, "num_classes": num_classes}.items():
        if value < 1:
            raise ValueError(f"{name} has to be 1 or more, not {value}")
    stages = _stages([width, 2 * width, 4 * width], blocks_per_stage)
    counts = {"stem": ConvSize(3, width, 3).parameters}
    counts |= {f"stage{number}": stage.parameters for number, stage in enumerate(stages, start=1)}
    counts["head"] = 4 * width * num_classes + num_classes
    return {**counts, "total": sum(counts.values())}


def shortcuts(
    widths: list[int], blocks_per_stage: int, image_size: int = 32
) -> list[tuple[str, tuple[int, int, int], tuple[int, int, int]]]:
    """Each block's shortcut and the shapes that go in and come out."""

    def walk() -> Iterator[tuple[str, Shape, Shape]]:
        given = (widths[0], image_size, image_size)
        for stage in _stages(widths, blocks_per_stage):
            for block in stage:
                made = block.shape(given[1])
                yield "projection" if block.projects else "identity", given, made
                given = made

    return list(walk())


def design(target: int, tolerance: int, num_classes: int = 10) -> tuple[int, int] | None:
    """A (width, blocks_per_stage) whose network has target parameters, give or take tolerance."""
    pairs = ((width, blocks) for width in range(256, 3, -1) for blocks in range(1, 19))
    fits = range(target - tolerance, target + tolerance + 1)
    return next((pair for pair in pairs if count_parameters(*pair, num_classes)["total"] in fits), None)


class ConvNorm(nn.Sequential):
    """A convolution without bias that keeps the image's size at stride 1, and its BatchNorm."""

    def __init__(self, a: int, b: int, k: int, stride: int = 1) -> None:
        super().__init__(nn.Conv2d(a, b, k, stride, padding=k // 2, bias=False), nn.BatchNorm2d(b))


class BasicBlock(nn.Module):
    """relu(norm(conv(relu(norm(conv(x))))) + shortcut(x))."""

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1) -> None:
        super().__init__()
        projects = BlockSize(in_channels, out_channels, stride).projects
        self.first = ConvNorm(in_channels, out_channels, 3, stride)
        self.second = ConvNorm(out_channels, out_channels, 3)
        self.shortcut = ConvNorm(in_channels, out_channels, 1, stride) if projects else nn.Identity()
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """(N, in_channels, H, W) to (N, out_channels, H', W')."""
        return self.relu(self.shortcut(x) + self.second(self.relu(self.first(x))))


class CifarResNet(Trunk):
    """A Trunk with a 3 x 3 stem of stride 1 without pooling, and three stages."""

    def __init__(self, width: int = 16, blocks_per_stage: int = 3, num_classes: int = 10) -> None:
        plan = _stages([width, 2 * width, 4 * width], blocks_per_stage)
        stages = [[BasicBlock(block.a, block.b, block.stride) for block in stage] for stage in plan]
        super().__init__(Stem(width, kernel_size=3, stride=1, pool=False), stages, 4 * width, num_classes)
