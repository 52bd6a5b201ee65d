"""The mean in the shortcut leaves out the last row and column of an odd image, which the branch keeps, and
the two do not fit. A window that reaches over the border counts too.
"""

QUESTIONS = ("p4.architecture",)
MODULE = "network"


class Bottleneck(Bottleneck):
    def __init__(self, c_in, mid, stride=1):
        super().__init__(c_in, mid, stride)
        if stride == 2:
            self.shortcut[0] = nn.AvgPool2d(2)
