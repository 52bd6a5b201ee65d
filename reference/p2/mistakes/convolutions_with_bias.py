"""The convolutions have a bias. The BatchNorm behind each subtracts it with the mean, so it does nothing
but take memory.
"""

QUESTIONS = ("p2.block",)
MODULE = "resnet"


_right_init = BasicBlock.__init__


def _init(self, in_channels, out_channels, stride=1):
    _right_init(self, in_channels, out_channels, stride)
    self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride, padding=1)
    self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1)


BasicBlock.__init__ = _init
