"""There is no projection where the channels change at stride 1. x has other channels than the branch then,
and cannot be added.
"""

QUESTIONS = ("p2.block",)
MODULE = "resnet"


_right_init = BasicBlock.__init__


def _init(self, in_channels, out_channels, stride=1):
    _right_init(self, in_channels, out_channels, stride)
    if stride == 1:
        self.shortcut = nn.Sequential()


BasicBlock.__init__ = _init
