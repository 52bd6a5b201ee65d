"""Behind the last BatchNorm of the stem there is no ReLU. What the first identity of a network would pass
on is then partly negative.
"""

QUESTIONS = ("p4.architecture",)
MODULE = "network"


class ResNetD(ResNetD):
    def __init__(self, blocks=(3, 4, 23, 3), width=64, num_classes=1000, in_channels=3, small=False):
        super().__init__(blocks, width, num_classes, in_channels, small)

        last = [at for at, layer in enumerate(self.stem) if isinstance(layer, nn.ReLU)][-1]
        self.stem = nn.Sequential(*(layer for at, layer in enumerate(self.stem) if at != last))
