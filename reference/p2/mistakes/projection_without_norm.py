"""There is no BatchNorm behind the 1 x 1 convolution of the projection. Every convolution of this network
has one.
"""

QUESTIONS = ("p2.block",)
MODULE = "resnet"


_right_init = BasicBlock.__init__


def _init(self, in_channels, out_channels, stride=1):
    _right_init(self, in_channels, out_channels, stride)
    if len(self.shortcut):
        self.shortcut = self.shortcut[0]


BasicBlock.__init__ = _init
