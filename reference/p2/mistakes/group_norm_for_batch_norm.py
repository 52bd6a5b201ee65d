"""The activations are normalised by GroupNorm. It has no running statistics and treats each image by
itself; BatchNorm is asked.
"""

QUESTIONS = ("p2.block",)
MODULE = "resnet"


_right_init = BasicBlock.__init__


def _init(self, in_channels, out_channels, stride=1):
    _right_init(self, in_channels, out_channels, stride)
    self.bn1 = nn.GroupNorm(1, out_channels)
    self.bn2 = nn.GroupNorm(1, out_channels)


BasicBlock.__init__ = _init
