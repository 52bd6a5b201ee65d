"""The stride sits in the second convolution. It is the first one that has it: the second then works on the
smaller image.
"""

QUESTIONS = ("p2.block",)
MODULE = "resnet"


_right_init = BasicBlock.__init__


def _init(self, in_channels, out_channels, stride=1):
    _right_init(self, in_channels, out_channels, stride)
    self.conv1 = nn.Conv2d(in_channels, out_channels, 3, padding=1, bias=False)
    self.conv2 = nn.Conv2d(out_channels, out_channels, 3, stride, padding=1, bias=False)


BasicBlock.__init__ = _init
