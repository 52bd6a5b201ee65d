"""The stem has no max pooling, so every stage works on an image twice as high and wide."""

QUESTIONS = ("p4.architecture",)
MODULE = "network"


class ResNetD(ResNetD):
    def __init__(self, blocks=(3, 4, 23, 3), width=64, num_classes=1000, in_channels=3, small=False):
        super().__init__(blocks, width, num_classes, in_channels, small)

        if not small:
            self.stem = self.stem[:-1]
