"""All three convolutions of the stem have the full width. The first two have half of it."""

QUESTIONS = ("p4.architecture",)
MODULE = "network"


class ResNetD(ResNetD):
    def __init__(self, blocks=(3, 4, 23, 3), width=64, num_classes=1000, in_channels=3, small=False):
        super().__init__(blocks, width, num_classes, in_channels, small)

        if not small:
            layers = []
            for given, stride in ((in_channels, 2), (width, 1), (width, 1)):
                layers += [*_conv_norm(given, width, 3, stride), nn.ReLU()]
            self.stem = nn.Sequential(*layers, nn.MaxPool2d(3, 2, 1))
