"""p2, first half: count the parameters of a CIFAR ResNet, plan its shapes, then build it.

The network of He et al. (2015) for small images, in all five questions: a 3 x 3 stem, three stages of basic
blocks with ``width``, ``2 * width`` and ``4 * width`` channels, the mean over the image, one linear layer.
Convolutions have no bias; each is followed by a BatchNorm. The handout draws it.

Questions in order: p2.count, p2.shortcuts, p2.design, p2.block, p2.network.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F
from trunk import Stem, Trunk

# ---- p2.count ----------------------------------------------------------------------------------------------


def count_parameters(width: int, blocks_per_stage: int = 3, num_classes: int = 10) -> dict[str, int]:
    """Learnable parameters of ``CifarResNet(width, blocks_per_stage, num_classes)``, part by part.

    By arithmetic: no model is built and nothing is done block by block, so that a width of 10,000 or a
    billion blocks are no more work than one.

    Example: width 1, one block a stage and two classes make ``{"stem": 29, "stage1": 22, "stage2": 68,
    "stage3": 248, "head": 10, "total": 377}``.

    :param width: channels of the stem and of the first stage.
    :param blocks_per_stage: the same number in each of the three stages.
    :return: whole numbers for ``stem``, ``stage1``, ``stage2``, ``stage3``, ``head`` and ``total``. A
        projection belongs to the stage of its block. What training does not learn (the running statistics of
        BatchNorm) does not count.
    :raises ValueError: one of the three is below 1.
    """
    # BEGIN SOLUTION p2.count
    if min(width, blocks_per_stage, num_classes) < 1:
        raise ValueError("a network has at least one channel, one block a stage and one class")
    counts = {"stem": _conv_and_norm(3, width, 3)}
    channels = width
    for stage, wider in enumerate((width, 2 * width, 4 * width), start=1):
        first = _conv_and_norm(channels, wider, 3) + _conv_and_norm(wider, wider, 3)
        if stage > 1:
            first += _conv_and_norm(channels, wider, 1)
        counts[f"stage{stage}"] = first + (blocks_per_stage - 1) * 2 * _conv_and_norm(wider, wider, 3)
        channels = wider
    counts["head"] = channels * num_classes + num_classes
    counts["total"] = sum(counts.values())
    return counts
    # END SOLUTION


# BEGIN SOLUTION
def _conv_and_norm(in_channels: int, out_channels: int, kernel_size: int) -> int:
    """A convolution without bias, and the gamma and beta of the BatchNorm behind it."""
    return kernel_size**2 * in_channels * out_channels + 2 * out_channels


# END SOLUTION
# ---- p2.shortcuts ------------------------------------------------------------------------------------------


def shortcuts(
    widths: list[int], blocks_per_stage: int, image_size: int = 32
) -> list[tuple[str, tuple[int, int, int], tuple[int, int, int]]]:
    """Each block's shortcut and the shapes that go in and come out, from the first block to the last.

    One stage for each entry of ``widths``, which is that stage's number of channels; any numbers, rising,
    falling or equal. The stem gives the first stage ``widths[0]`` channels and keeps the image's size. The
    first block of every stage but the first has stride 2, all other blocks have stride 1; a stride of 2 makes
    (H + 1) // 2 of H, so 7 becomes 4. A block whose stride is 2 or whose channels change needs a projection.

    Example: ``shortcuts([4, 8], 1, 5)`` is ``[("identity", (4, 5, 5), (4, 5, 5)),
    ("projection", (4, 5, 5), (8, 3, 3))]``.

    :param widths: at least one.
    :param blocks_per_stage: at least 1, the same in every stage.
    :param image_size: height and width of the image.
    :return: a tuple (kind, (C, H, W) in, (C, H, W) out) for each block; kind is ``"identity"`` or
        ``"projection"``.
    """
    # BEGIN SOLUTION p2.shortcuts
    plan: list[tuple[str, tuple[int, int, int], tuple[int, int, int]]] = []
    shape = (widths[0], image_size, image_size)
    for stage, channels in enumerate(widths):
        for block in range(blocks_per_stage):
            size = (shape[1] + 1) // 2 if stage > 0 and block == 0 else shape[1]
            strided = stage > 0 and block == 0
            kind = "projection" if strided or channels != shape[0] else "identity"
            plan.append((kind, shape, (channels, size, size)))
            shape = (channels, size, size)
    return plan
    # END SOLUTION


# ---- p2.design ---------------------------------------------------------------------------------------------


def design(target: int, tolerance: int, num_classes: int = 10) -> tuple[int, int] | None:
    """A (width, blocks_per_stage) whose network has ``target`` parameters, give or take ``tolerance``.

    4 <= width <= 256 and 1 <= blocks_per_stage <= 18. Any pair whose total lies in
    [target - tolerance, target + tolerance], both ends included, is right.

    Example: ``design(5214, 0)`` is ``(4, 1)``, the smallest of these networks, and ``design(5000, 100)`` is
    None.

    :param target: number of parameters that are wanted.
    :param tolerance: 0 or more.
    :return: None only if there is no such pair.
    """
    # BEGIN SOLUTION p2.design
    for width in range(4, 257):
        for blocks in range(1, 19):
            if abs(count_parameters(width, blocks, num_classes)["total"] - target) <= tolerance:
                return width, blocks
    return None
    # END SOLUTION


# ---- p2.block ----------------------------------------------------------------------------------------------


class BasicBlock(nn.Module):
    """relu(norm(conv(relu(norm(conv(x))))) + shortcut(x)), with 3 x 3 convolutions without bias.

    Both convolutions pad by 1; the first one has the stride. The shortcut is x itself, or, where the stride
    is not 1 or the channels change, a projection: a 1 x 1 convolution without bias and with that stride, and
    a BatchNorm; no ReLU on it. The stride is any number from 1 on. BatchNorm is torch's (``nn`` or ``F``)
    with its defaults, the weights of 1 and biases of 0 that it starts with included, behind every
    convolution.

    ``BasicBlock(16, 32, 2)`` makes (N, 32, 4, 4) of (N, 16, 7, 8) and has 14,528 parameters.

    The usual names are conv1, bn1, conv2, bn2 and shortcut (a Sequential of two where it is a projection);
    the tests do not read them.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1) -> None:
        super().__init__()
        # BEGIN SOLUTION p2.block
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(out_channels)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(out_channels)
        self.shortcut = nn.Sequential()
        if stride != 1 or in_channels != out_channels:
            self.shortcut = nn.Sequential(
                nn.Conv2d(in_channels, out_channels, 1, stride, bias=False), nn.BatchNorm2d(out_channels)
            )
        # END SOLUTION

    def forward(self, x: Tensor) -> Tensor:
        """(N, in_channels, H, W) to (N, out_channels, H', W'); at stride 2, H' is (H + 1) // 2.

        x itself must not be changed: somebody else may still need it.
        """
        # BEGIN SOLUTION p2.block
        out = F.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        return F.relu(out + self.shortcut(x))
        # END SOLUTION


# ---- p2.network --------------------------------------------------------------------------------------------


class CifarResNet(Trunk):
    """The whole network: a ``Trunk`` with a 3 x 3 stem of stride 1 without pooling, and three stages.

    Stage i (0, 1, 2) has ``blocks_per_stage`` basic blocks of ``width * 2**i`` channels. The first block of
    stages 1 and 2 has stride 2, all others have stride 1.

    ``CifarResNet(16)`` sends an image of 32 x 32 through (16, 32, 32), (32, 16, 16) and (64, 8, 8) and has
    272,474 parameters.

    state_dict keys, which come by themselves if you hand your blocks to ``Trunk``::

        stem.conv.weight    stem.bn.{weight,bias,...}
        stages.0.0.*    stages.0.1.*    ...    stages.2.{blocks_per_stage - 1}.*
        head.weight         head.bias

    Build the blocks with ``BasicBlock(in_channels, out_channels, stride)``. While this question is judged,
    the insides of your BasicBlock are replaced by others, the same for everybody, so that a mistake in
    p2.block costs nothing here. (If you build without BasicBlock, a block's keys are conv1, bn1, conv2, bn2,
    shortcut.0 and shortcut.1.)
    """

    def __init__(self, width: int = 16, blocks_per_stage: int = 3, num_classes: int = 10) -> None:
        # BEGIN SOLUTION p2.network
        stages, channels = [], width
        for stage in range(3):
            blocks = []
            for index in range(blocks_per_stage):
                wider = width * 2**stage
                blocks.append(BasicBlock(channels, wider, 2 if stage > 0 and index == 0 else 1))
                channels = wider
            stages.append(blocks)
        stem = Stem(width, kernel_size=3, stride=1, pool=False)
        super().__init__(stem, stages, features=channels, num_classes=num_classes)
        # END SOLUTION
