"""The CIFAR ResNet counted, planned and built in the shortest clear way, one helper per repeated idea."""

from torch import Tensor, nn
from torch.nn import functional as F
from trunk import Stem, Trunk


def _conv_and_norm(a: int, b: int, k: int) -> int:
    return k * k * a * b + 2 * b


def _stage(a: int, b: int, n: int) -> int:
    """A stage whose first block has stride 2 and leads from a to b channels."""
    first = _conv_and_norm(a, b, 3) + _conv_and_norm(b, b, 3) + _conv_and_norm(a, b, 1)
    return first + (n - 1) * 2 * _conv_and_norm(b, b, 3)


def count_parameters(width: int, blocks_per_stage: int = 3, num_classes: int = 10) -> dict[str, int]:
    """Learnable parameters of the network, part by part."""
    if min(width, blocks_per_stage, num_classes) < 1:
        raise ValueError("width, blocks_per_stage and num_classes have to be 1 or more")
    counts = {
        "stem": _conv_and_norm(3, width, 3),
        "stage1": blocks_per_stage * 2 * _conv_and_norm(width, width, 3),
        "stage2": _stage(width, 2 * width, blocks_per_stage),
        "stage3": _stage(2 * width, 4 * width, blocks_per_stage),
        "head": (4 * width + 1) * num_classes,
    }
    return counts | {"total": sum(counts.values())}


def shortcuts(
    widths: list[int], blocks_per_stage: int, image_size: int = 32
) -> list[tuple[str, tuple[int, int, int], tuple[int, int, int]]]:
    """Each block's shortcut and the shapes that go in and come out."""
    blocks = []
    given = (widths[0], image_size, image_size)
    for stage, width in enumerate(widths):
        for block in range(blocks_per_stage):
            strided = stage > 0 and block == 0
            side = (given[1] + 1) // 2 if strided else given[1]
            made = (width, side, side)
            kind = "projection" if strided or width != given[0] else "identity"
            blocks.append((kind, given, made))
            given = made
    return blocks


def design(target: int, tolerance: int, num_classes: int = 10) -> tuple[int, int] | None:
    """A (width, blocks_per_stage) whose network has target parameters, give or take tolerance."""
    for width in range(4, 257):
        for blocks in range(1, 19):
            if abs(count_parameters(width, blocks, num_classes)["total"] - target) <= tolerance:
                return width, blocks
    return None


class BasicBlock(nn.Module):
    """relu(norm(conv(relu(norm(conv(x))))) + shortcut(x))."""

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(out_channels)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(out_channels)
        self.shortcut = nn.Sequential()
        if stride != 1 or in_channels != out_channels:
            self.shortcut = nn.Sequential(
                nn.Conv2d(in_channels, out_channels, 1, stride, bias=False), nn.BatchNorm2d(out_channels)
            )

    def forward(self, x: Tensor) -> Tensor:
        """(N, in_channels, H, W) to (N, out_channels, H', W')."""
        out = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(out)) + self.shortcut(x))


class CifarResNet(Trunk):
    """A Trunk with a 3 x 3 stem of stride 1 without pooling, and three stages."""

    def __init__(self, width: int = 16, blocks_per_stage: int = 3, num_classes: int = 10) -> None:
        stages, channels = [], width
        for stage in range(3):
            out = width * 2**stage
            stages.append([BasicBlock(channels, out, stride=1 if stage == 0 else 2)])
            stages[-1] += [BasicBlock(out, out) for _ in range(blocks_per_stage - 1)]
            channels = out
        super().__init__(Stem(width, kernel_size=3, stride=1, pool=False), stages, channels, num_classes)
