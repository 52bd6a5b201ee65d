"""There is no BatchNorm between the linear layers. The net would train without it at a small rate,
but the corrected network has one after each hidden Linear, before its ReLU.
"""

QUESTIONS = ("p5.network",)
MODULE = "debugging"


_right_network = DeepNetwork


class DeepNetwork(_right_network):
    def __init__(self, width=256, num_classes=10):
        super().__init__(width, num_classes)
        layers = [layer for layer in self.layers if not isinstance(layer, nn.BatchNorm1d)]
        self.layers = nn.Sequential(*layers)
