"""The hidden layers still end in sigmoids. A sigmoid's slope is 0.25 at most, so five of them in a
row hand the first layer a thousandth of the gradient; BatchNorm hides it in the accuracy, not in
the layer norms.
"""

QUESTIONS = ("p5.network",)
MODULE = "debugging"


_right_network = DeepNetwork


class DeepNetwork(_right_network):
    def __init__(self, width=256, num_classes=10):
        super().__init__(width, num_classes)
        layers = [nn.Sigmoid() if isinstance(layer, nn.ReLU) else layer for layer in self.layers]
        self.layers = nn.Sequential(*layers)
