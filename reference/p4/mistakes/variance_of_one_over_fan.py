"""The variance of the convolutions is 1 / fan. A ReLU lets half of the power pass, which the 2 of He's rule
makes up for.
"""

QUESTIONS = ("p4.initialization",)
MODULE = "network"


_right_initialize = initialize


def initialize(model):
    _right_initialize(model)
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="linear")
