"""Given with p2, not handed in: what stands before and after the stages of a residual network.

``Stem`` has the defaults of ImageNet networks, for images of 224 x 224. CIFAR's are 32 x 32.
"""

from __future__ import annotations

from collections.abc import Iterable

from torch import Tensor, nn
from torch.nn import functional as F


class Stem(nn.Module):
    """Convolution without bias, BatchNorm, ReLU, and on request a pooling: (N, 3, H, W) to channels.

    :param out_channels: what the first stage is given.
    :param kernel_size: odd; the convolution pads with kernel_size // 2.
    :param stride: of the convolution.
    :param pool: a 3 x 3 max pooling of stride 2 at the end.
    """

    def __init__(self, out_channels: int, kernel_size: int = 7, stride: int = 2, pool: bool = True) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, out_channels, kernel_size, stride, padding=kernel_size // 2, bias=False)
        self.bn = nn.BatchNorm2d(out_channels)
        self.pool = nn.MaxPool2d(3, stride=2, padding=1) if pool else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """(N, 3, H, W) to (N, out_channels, H', W')."""
        return self.pool(F.relu(self.bn(self.conv(x))))


class Trunk(nn.Module):
    """Stem, stages one after the other, mean over the image, one linear layer.

    ``Trunk(Stem(8), [[a, b], [c]], features=16, num_classes=10)`` sends x through the stem, then through a,
    b and c. The keys of its state_dict begin with ``stem.``, ``stages.0.0.`` (a), ``stages.0.1.`` (b),
    ``stages.1.0.`` (c) and ``head.``.

    :param stem: takes the images.
    :param stages: the blocks of each stage, in order.
    :param features: channels that the last block gives.
    """

    def __init__(
        self, stem: nn.Module, stages: Iterable[Iterable[nn.Module]], features: int, num_classes: int
    ) -> None:
        super().__init__()
        self.stem = stem
        self.stages = nn.ModuleList(nn.Sequential(*blocks) for blocks in stages)
        self.head = nn.Linear(features, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (N, num_classes) of images (N, 3, H, W)."""
        x = self.stem(x)
        for stage in self.stages:
            x = stage(x)
        return self.head(x.mean(dim=(2, 3)))
