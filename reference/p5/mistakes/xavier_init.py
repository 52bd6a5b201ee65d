"""The weights start by Xavier's rule, which averages fan_in and fan_out and knows nothing of a
ReLU. A ReLU lets half of the variance through, which is where He's factor 2 comes from.
"""

QUESTIONS = ("p5.network",)
MODULE = "debugging"


_right_network = DeepNetwork


class DeepNetwork(_right_network):
    def __init__(self, width=256, num_classes=10):
        super().__init__(width, num_classes)
        for layer in self.layers[:-1]:
            if isinstance(layer, nn.Linear):
                nn.init.xavier_normal_(layer.weight)
