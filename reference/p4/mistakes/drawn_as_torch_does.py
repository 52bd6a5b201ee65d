"""The convolutions and the linear layer are drawn as torch draws them by itself: uniform, with a deviation
of 0.41 of He's.
"""

QUESTIONS = ("p4.initialization",)
MODULE = "network"


_right_initialize = initialize


def initialize(model):
    _right_initialize(model)
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            module.reset_parameters()
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        if isinstance(module, nn.Linear):
            module.reset_parameters()
            nn.init.zeros_(module.bias)
