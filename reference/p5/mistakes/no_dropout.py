"""Nothing is dropped in train mode. The corrected network has one Dropout(0.5), between the last
ReLU and the head.
"""

QUESTIONS = ("p5.network",)
MODULE = "debugging"


_right_network = DeepNetwork


class DeepNetwork(_right_network):
    def __init__(self, width=256, num_classes=10):
        super().__init__(width, num_classes)
        self.layers = nn.Sequential(*[layer for layer in self.layers if not isinstance(layer, nn.Dropout)])
