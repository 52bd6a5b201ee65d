"""The second BatchNorm starts with a weight of 0. That is a known recipe, but here the defaults are asked: a
weight of 1.
"""

QUESTIONS = ("p2.block",)
MODULE = "resnet"


_right_init = BasicBlock.__init__


def _init(self, in_channels, out_channels, stride=1):
    _right_init(self, in_channels, out_channels, stride)
    nn.init.zeros_(self.bn2.weight)


BasicBlock.__init__ = _init
