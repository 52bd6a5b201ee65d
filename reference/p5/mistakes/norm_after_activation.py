"""BatchNorm stands after the ReLU. What the next layer then sees is centred at zero again, and what
the ReLU cuts was never normalised: the order that is asked is Linear, BatchNorm, ReLU.
"""

QUESTIONS = ("p5.network",)
MODULE = "debugging"


_right_network = DeepNetwork


class DeepNetwork(_right_network):
    def __init__(self, width=256, num_classes=10):
        super().__init__(width, num_classes)
        layers = list(self.layers)
        for at in range(1, 15, 3):
            layers[at], layers[at + 1] = layers[at + 1], layers[at]
        self.layers = nn.Sequential(*layers)
