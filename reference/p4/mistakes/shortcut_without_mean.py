"""A shortcut of stride 2 convolves with a stride: three of four pixels never reach it. In the D variant it
takes the mean of 2 x 2 pixels first and convolves without a stride.
"""

QUESTIONS = ("p4.architecture",)
MODULE = "network"


class Bottleneck(Bottleneck):
    def __init__(self, c_in, mid, stride=1):
        super().__init__(c_in, mid, stride)
        if stride == 2:
            self.shortcut = nn.Sequential(*_conv_norm(c_in, 4 * mid, 1, stride))
