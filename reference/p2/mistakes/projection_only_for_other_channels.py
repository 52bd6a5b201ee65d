"""There is no projection where the stride is 2 and the channels stay. The branch is half as large as x
then, and cannot be added.
"""

QUESTIONS = ("p2.block",)
MODULE = "resnet"


_right_init = BasicBlock.__init__


def _init(self, in_channels, out_channels, stride=1):
    _right_init(self, in_channels, out_channels, stride)
    if in_channels == out_channels:
        self.shortcut = nn.Sequential()


BasicBlock.__init__ = _init
