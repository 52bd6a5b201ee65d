"""There is no ReLU between the 3 x 3 convolution and the last one. Two linear layers in a row, with only a
BatchNorm between them, are one.
"""

QUESTIONS = ("p4.architecture",)
MODULE = "network"


class Bottleneck(Bottleneck):
    def __init__(self, c_in, mid, stride=1):
        super().__init__(c_in, mid, stride)
        self.branch = nn.Sequential(*(layer for at, layer in enumerate(self.branch) if at != 5))
