"""The network ends in a softmax. Cross-entropy applies its own to the logits; with two of them in a
row the loss cannot fall below 1.46 for ten classes, and its gradient fades as the net gets sure.
"""

QUESTIONS = ("p5.network",)
MODULE = "debugging"


_right_network = DeepNetwork


class DeepNetwork(_right_network):
    def __init__(self, width=256, num_classes=10):
        super().__init__(width, num_classes)
        self.layers.append(nn.Softmax(dim=1))
