"""The small stem pools. It is meant for images that have no pixels to spare."""

QUESTIONS = ("p4.architecture",)
MODULE = "network"


class ResNetD(ResNetD):
    def __init__(self, blocks=(3, 4, 23, 3), width=64, num_classes=1000, in_channels=3, small=False):
        super().__init__(blocks, width, num_classes, in_channels, small)

        if small:
            self.stem.append(nn.MaxPool2d(3, 2, 1))
