"""Both convolutions have the stride, so the branch is halved twice and does not fit the shortcut. Only the
first one has it.
"""

QUESTIONS = ("p2.block",)
MODULE = "resnet"


_right_init = BasicBlock.__init__


def _init(self, in_channels, out_channels, stride=1):
    _right_init(self, in_channels, out_channels, stride)
    self.conv2 = nn.Conv2d(out_channels, out_channels, 3, stride, padding=1, bias=False)


BasicBlock.__init__ = _init
