"""A shortcut of stride 2 takes the maximum of 2 x 2 pixels. It is their mean that the D variant takes."""

QUESTIONS = ("p4.architecture",)
MODULE = "network"


class Bottleneck(Bottleneck):
    def __init__(self, c_in, mid, stride=1):
        super().__init__(c_in, mid, stride)
        if stride == 2:
            self.shortcut[0] = nn.MaxPool2d(2, ceil_mode=True)
