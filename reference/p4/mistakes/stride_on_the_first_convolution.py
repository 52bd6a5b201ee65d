"""The stride is on the first 1 x 1 convolution of the branch, which then reads one pixel in four and throws
the others away. It belongs to the 3 x 3, which sees all of them.
"""

QUESTIONS = ("p4.architecture",)
MODULE = "network"


class Bottleneck(Bottleneck):
    def __init__(self, c_in, mid, stride=1):
        super().__init__(c_in, mid, stride)
        self.branch[0].stride, self.branch[3].stride = (stride, stride), (1, 1)
