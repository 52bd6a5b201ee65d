"""Of all strides only 2 gets a projection. Any stride but 1 leaves less of the image than x has, and needs
one.
"""

QUESTIONS = ("p2.block",)
MODULE = "resnet"


_right_init = BasicBlock.__init__


def _init(self, in_channels, out_channels, stride=1):
    _right_init(self, in_channels, out_channels, stride)
    if stride != 2 and in_channels == out_channels:
        self.shortcut = nn.Sequential()


BasicBlock.__init__ = _init
