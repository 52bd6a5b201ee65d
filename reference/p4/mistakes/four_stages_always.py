"""The network has the same number of stages whatever is asked: there is one for each number of blocks."""

QUESTIONS = ("p4.architecture",)
MODULE = "network"


class ResNetD(ResNetD):
    def __init__(self, blocks=(3, 4, 23, 3), width=64, num_classes=1000, in_channels=3, small=False):
        super().__init__((*blocks, 1, 1, 1, 1)[:4], width, num_classes, in_channels, small)
