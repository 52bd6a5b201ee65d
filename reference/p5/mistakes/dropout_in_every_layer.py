"""Dropout acts after every hidden layer. It is asked once, before the head: dropping features in
front of a BatchNorm also spoils the statistics that eval mode relies on.
"""

QUESTIONS = ("p5.network", "p5.accuracy")
MODULE = "debugging"


_right_network = DeepNetwork


class DeepNetwork(_right_network):
    def __init__(self, width=256, num_classes=10):
        super().__init__(width, num_classes)
        layers = []
        for layer in self.layers:
            if not isinstance(layer, nn.Dropout):
                layers += [layer, nn.Dropout(0.5)] if isinstance(layer, nn.ReLU) else [layer]
        self.layers = nn.Sequential(*layers)
