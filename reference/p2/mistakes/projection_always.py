"""The shortcut is a projection even where x fits as it is. The untouched path is what makes deep networks
trainable.
"""

QUESTIONS = ("p2.block",)
MODULE = "resnet"


_right_init = BasicBlock.__init__


def _init(self, in_channels, out_channels, stride=1):
    _right_init(self, in_channels, out_channels, stride)
    if not len(self.shortcut):
        self.shortcut = nn.Sequential(
            nn.Conv2d(in_channels, out_channels, 1, bias=False), nn.BatchNorm2d(out_channels)
        )


BasicBlock.__init__ = _init
