"""The numbers of blocks that are asked for are not used: the network always has 3, 4, 23 and 3."""

QUESTIONS = ("p4.architecture",)
MODULE = "network"


class ResNetD(ResNetD):
    def __init__(self, blocks=(3, 4, 23, 3), width=64, num_classes=1000, in_channels=3, small=False):
        super().__init__((3, 4, 23, 3), width, num_classes, in_channels, small)
