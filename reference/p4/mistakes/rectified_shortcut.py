"""The projection of the shortcut has a ReLU. Then a block can only add what is positive on that path."""

QUESTIONS = ("p4.architecture",)
MODULE = "network"


class Bottleneck(Bottleneck):
    def __init__(self, c_in, mid, stride=1):
        super().__init__(c_in, mid, stride)
        if not isinstance(self.shortcut, nn.Identity):
            self.shortcut.append(nn.ReLU())
