"""The linear layer has no bias. Nothing is subtracted behind it: only convolutions in front of a BatchNorm
do without.
"""

QUESTIONS = ("p4.architecture",)
MODULE = "network"


class ResNetD(ResNetD):
    def __init__(self, blocks=(3, 4, 23, 3), width=64, num_classes=1000, in_channels=3, small=False):
        super().__init__(blocks, width, num_classes, in_channels, small)

        self.head = nn.Linear(self.head.in_features, num_classes, bias=False)
