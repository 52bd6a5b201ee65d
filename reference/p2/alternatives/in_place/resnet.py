"""The CIFAR ResNet with running totals, early returns, and a block that rectifies and adds in place."""

from torch import Tensor, nn
from trunk import Stem, Trunk


def count_parameters(width: int, blocks_per_stage: int = 3, num_classes: int = 10) -> dict[str, int]:
    """Learnable parameters of the network, added up on a walk through its parts."""
    if width < 1:
        raise ValueError("width has to be 1 or more")
    if blocks_per_stage < 1:
        raise ValueError("blocks_per_stage has to be 1 or more")
    if num_classes < 1:
        raise ValueError("num_classes has to be 1 or more")

    counts = {"stem": 27 * width + 2 * width}
    given, made = width, width
    for stage in ("stage1", "stage2", "stage3"):
        first = 9 * given * made + 9 * made * made + 4 * made
        if stage != "stage1":
            first += given * made + 2 * made
        other = 18 * made * made + 4 * made
        counts[stage] = first + (blocks_per_stage - 1) * other
        given = made
        made *= 2
    counts["head"] = given * num_classes + num_classes
    total = 0
    for part in counts.values():
        total += part
    counts["total"] = total
    return counts


def shortcuts(
    widths: list[int], blocks_per_stage: int, image_size: int = 32
) -> list[tuple[str, tuple[int, int, int], tuple[int, int, int]]]:
    """Each block's shortcut and the shapes, carried along in two variables."""
    blocks = []
    channels, side = widths[0], image_size
    for block in range(len(widths) * blocks_per_stage):
        stage, place = divmod(block, blocks_per_stage)
        given = (channels, side, side)
        kind = "identity"
        if widths[stage] != channels:
            kind = "projection"
            channels = widths[stage]
        if stage > 0 and place == 0:
            kind = "projection"
            side = (side + 1) // 2
        blocks.append((kind, given, (channels, side, side)))
    return blocks


def design(target: int, tolerance: int, num_classes: int = 10) -> tuple[int, int] | None:
    """A fitting (width, blocks_per_stage); a row of the search ends as soon as its networks are too large."""
    for blocks in range(1, 19):
        for width in range(4, 257):
            total = count_parameters(width, blocks, num_classes)["total"]
            if total > target + tolerance:
                break
            if total >= target - tolerance:
                return width, blocks
    return None


class BasicBlock(nn.Module):
    """relu(norm(conv(relu(norm(conv(x))))) + shortcut(x)), in as few buffers as autograd allows."""

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(out_channels)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(out_channels)
        self.shortcut = None
        if stride != 1 or in_channels != out_channels:
            self.shortcut = nn.Sequential(
                nn.Conv2d(in_channels, out_channels, 1, stride, bias=False), nn.BatchNorm2d(out_channels)
            )

    def forward(self, x: Tensor) -> Tensor:
        """(N, in_channels, H, W) to (N, out_channels, H', W'); x is only read."""
        out = self.bn1(self.conv1(x)).relu_()
        out = self.bn2(self.conv2(out))
        if self.shortcut is None:
            return out.add_(x).relu_()
        return out.add_(self.shortcut(x)).relu_()


class CifarResNet(Trunk):
    """A Trunk with a 3 x 3 stem of stride 1 without pooling, and three stages."""

    def __init__(self, width: int = 16, blocks_per_stage: int = 3, num_classes: int = 10) -> None:
        stages: list[list[nn.Module]] = [[], [], []]
        given, made, stride = width, width, 1
        for blocks in stages:
            while len(blocks) < blocks_per_stage:
                blocks.append(BasicBlock(given, made, stride))
                given, stride = made, 1
            made, stride = 2 * made, 2
        super().__init__(Stem(width, 3, 1, False), stages, given, num_classes)
