"""The shortcut of a strided block is an average pooling before the 1 x 1 convolution. That is the later
ResNet-D; here the 1 x 1 convolution has the stride itself.
"""

QUESTIONS = ("p2.block",)
MODULE = "resnet"


_right_init = BasicBlock.__init__


def _init(self, in_channels, out_channels, stride=1):
    _right_init(self, in_channels, out_channels, stride)
    if stride != 1:
        self.shortcut = nn.Sequential(
            nn.AvgPool2d(stride, ceil_mode=True, count_include_pad=False),
            nn.Conv2d(in_channels, out_channels, 1, bias=False),
            nn.BatchNorm2d(out_channels),
        )


BasicBlock.__init__ = _init
