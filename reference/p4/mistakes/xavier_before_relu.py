"""The convolutions are drawn by Xavier's rule, which knows nothing of the half that each ReLU cuts off.
He's variance is 2 / fan.
"""

QUESTIONS = ("p4.initialization",)
MODULE = "network"


_right_initialize = initialize


def initialize(model):
    _right_initialize(model)
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.xavier_normal_(module.weight)
