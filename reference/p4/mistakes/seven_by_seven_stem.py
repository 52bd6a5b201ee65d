"""The stem is one 7 x 7 convolution. The D variant has three of 3 x 3 in its place."""

QUESTIONS = ("p4.architecture",)
MODULE = "network"


class ResNetD(ResNetD):
    def __init__(self, blocks=(3, 4, 23, 3), width=64, num_classes=1000, in_channels=3, small=False):
        super().__init__(blocks, width, num_classes, in_channels, small)

        if not small:
            conv = nn.Conv2d(in_channels, width, 7, 2, padding=3, bias=False)
            self.stem = nn.Sequential(conv, nn.BatchNorm2d(width), nn.ReLU(), nn.MaxPool2d(3, 2, 1))
