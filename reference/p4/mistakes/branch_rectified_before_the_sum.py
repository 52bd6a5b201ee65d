"""The branch ends in a ReLU before the sum. Then a block can add but never take away; the branch ends in
its BatchNorm, and the only ReLU behind it stands after the sum.
"""

QUESTIONS = ("p4.architecture",)
MODULE = "network"


class Bottleneck(Bottleneck):
    def __init__(self, c_in, mid, stride=1):
        super().__init__(c_in, mid, stride)
        self.branch.append(nn.ReLU())
