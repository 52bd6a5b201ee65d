"""Given with p4, not handed in: the one block that every residual network of this part is made of."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F


class Residual(nn.Module):
    """relu(shortcut(x) + branch(x)).

    :param branch: layers in a row; the last one is an ``nn.BatchNorm2d``.
    :param shortcut: brings x into the branch's shape, if it has not got it: ``nn.Identity()``, or layers in a
        row, which may contain BatchNorms too.
    """

    def __init__(self, branch: nn.Sequential, shortcut: nn.Module) -> None:
        super().__init__()
        self.branch = branch
        self.shortcut = shortcut

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to what branch and shortcut make of it."""
        return F.relu(self.shortcut(x) + self.branch(x))
