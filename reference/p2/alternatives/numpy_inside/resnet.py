"""The CIFAR ResNet with NumPy: counts by a matrix of coefficients, a search over the whole grid."""

import numpy as np
from torch import Tensor, nn
from torch.nn import functional as F
from trunk import Stem, Trunk

_PARTS = ("stem", "stage1", "stage2", "stage3", "head")
# A stage of channels b has n (18 b^2 + 4 b). One that starts with half as many saves 9 b^2 / 2 in its first
# convolution and has a projection of b^2 / 2 + 2 b on top. Columns: w, w^2, n w, n w^2, c w, c.
_COEFFICIENTS = np.array(
    [
        [29, 0, 0, 0, 0, 0],
        [0, 0, 4, 18, 0, 0],
        [4, -16, 8, 72, 0, 0],
        [8, -64, 16, 288, 0, 0],
        [0, 0, 0, 0, 4, 1],
    ],
    dtype=object,
)


def _parts(w: int | np.ndarray, n: int | np.ndarray, c: int | np.ndarray) -> np.ndarray:
    """Parameters of the five parts, in Python integers: a billion blocks of 10,000 channels exceed int64."""
    return _COEFFICIENTS @ np.array([w, w * w, n * w, n * w * w, c * w, c], dtype=object)


def count_parameters(width: int, blocks_per_stage: int = 3, num_classes: int = 10) -> dict[str, int]:
    """Learnable parameters of the network, part by part."""
    if min(width, blocks_per_stage, num_classes) < 1:
        raise ValueError("width, blocks_per_stage and num_classes have to be 1 or more")
    parts = _parts(int(width), int(blocks_per_stage), int(num_classes)).tolist()
    return dict(zip((*_PARTS, "total"), (*parts, sum(parts)), strict=True))


def shortcuts(
    widths: list[int], blocks_per_stage: int, image_size: int = 32
) -> list[tuple[str, tuple[int, int, int], tuple[int, int, int]]]:
    """Each block's shortcut and the shapes, from arrays of channels, strides and sides."""
    channels = np.concatenate((widths[:1], np.repeat(widths, blocks_per_stage)))
    strides = np.ones(len(channels) - 1, dtype=int)
    strides[blocks_per_stage::blocks_per_stage] = 2
    sides = [image_size]
    for stride in strides.tolist():
        sides.append((sides[-1] + 1) // stride if stride == 2 else sides[-1])
    kinds = np.where((strides == 2) | (np.diff(channels) != 0), "projection", "identity").tolist()
    shapes = [(c, side, side) for c, side in zip(channels.tolist(), sides, strict=True)]
    return list(zip(kinds, shapes[:-1], shapes[1:], strict=True))


def design(target: int, tolerance: int, num_classes: int = 10) -> tuple[int, int] | None:
    """The (width, blocks_per_stage) whose total is nearest to the target, if it is near enough."""
    widths, blocks = (grid.ravel().astype(object) for grid in np.mgrid[4:257, 1:19])
    classes = np.full(len(widths), num_classes, dtype=object)
    off = np.abs(_parts(widths, blocks, classes).sum(axis=0) - target)
    best = int(np.argmin(off))
    return (int(widths[best]), int(blocks[best])) if off[best] <= tolerance else None


class BasicBlock(nn.Module):
    """relu(norm(conv(relu(norm(conv(x))))) + shortcut(x)), as a branch and a shortcut."""

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1) -> None:
        super().__init__()
        self.branch = nn.Sequential(
            nn.Conv2d(in_channels, out_channels, kernel_size=3, stride=stride, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(),
            nn.Conv2d(out_channels, out_channels, kernel_size=3, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
        )
        self.shortcut: nn.Module = nn.Identity()
        if (in_channels, 1) != (out_channels, stride):
            self.shortcut = nn.Sequential(
                nn.Conv2d(in_channels, out_channels, kernel_size=1, stride=stride, bias=False),
                nn.BatchNorm2d(out_channels),
            )

    def forward(self, x: Tensor) -> Tensor:
        """(N, in_channels, H, W) to (N, out_channels, H', W')."""
        return F.relu(self.branch(x) + self.shortcut(x))


class CifarResNet(Trunk):
    """A Trunk with a 3 x 3 stem of stride 1 without pooling, and three stages."""

    def __init__(self, width: int = 16, blocks_per_stage: int = 3, num_classes: int = 10) -> None:
        layout = np.ones((3, blocks_per_stage, 3), dtype=int)  # stage, block, (in, out, stride)
        layout[..., :2] = width * np.array([1, 2, 4])[:, None, None]
        layout[1:, 0, 0] //= 2
        layout[1:, 0, 2] = 2
        stages = [[BasicBlock(*block) for block in stage] for stage in layout.tolist()]
        super().__init__(Stem(width, kernel_size=3, stride=1, pool=False), stages, 4 * width, num_classes)
