"""The projection is a 3 x 3 convolution. It is a 1 x 1 one: it changes the channels and takes every other
pixel, no more.
"""

QUESTIONS = ("p2.block",)
MODULE = "resnet"


_right_init = BasicBlock.__init__


def _init(self, in_channels, out_channels, stride=1):
    _right_init(self, in_channels, out_channels, stride)
    if len(self.shortcut):
        self.shortcut[0] = nn.Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=False)


BasicBlock.__init__ = _init
