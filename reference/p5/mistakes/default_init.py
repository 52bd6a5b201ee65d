"""The weights start as torch draws them by default, with a third of the variance divided by fan_in
where He's initialisation has two. Initialise the hidden Linear weights yourself, after building
them.
"""

QUESTIONS = ("p5.network",)
MODULE = "debugging"


_right_network = DeepNetwork


class DeepNetwork(_right_network):
    def __init__(self, width=256, num_classes=10):
        super().__init__(width, num_classes)
        for layer in self.layers:
            if isinstance(layer, nn.Linear):
                layer.reset_parameters()
