"""The second convolution is a 1 x 1 one. A basic block has two of 3 x 3; 1 x 1 convolutions belong to the
bottleneck block of deeper networks.
"""

QUESTIONS = ("p2.block",)
MODULE = "resnet"


_right_init = BasicBlock.__init__


def _init(self, in_channels, out_channels, stride=1):
    _right_init(self, in_channels, out_channels, stride)
    self.conv2 = nn.Conv2d(out_channels, out_channels, 1, bias=False)


BasicBlock.__init__ = _init
