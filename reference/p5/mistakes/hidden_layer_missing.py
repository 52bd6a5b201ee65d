"""One of the hidden layers of the full width is missing: there are four of them, then one of half
the width, then the head.
"""

QUESTIONS = ("p5.network",)
MODULE = "debugging"


_right_network = DeepNetwork


class DeepNetwork(_right_network):
    def __init__(self, width=256, num_classes=10):
        super().__init__(width, num_classes)
        self.layers = nn.Sequential(*self.layers[:3], *self.layers[6:])
