"""The branch is that of a basic block, two 3 x 3 convolutions. A bottleneck squeezes with a 1 x 1,
convolves with one 3 x 3 and widens with a 1 x 1.
"""

QUESTIONS = ("p4.architecture",)
MODULE = "network"


class Bottleneck(Bottleneck):
    def __init__(self, c_in, mid, stride=1):
        super().__init__(c_in, mid, stride)
        self.branch = nn.Sequential(
            *_conv_norm(c_in, 4 * mid, 3, stride), nn.ReLU(), *_conv_norm(4 * mid, 4 * mid, 3)
        )
