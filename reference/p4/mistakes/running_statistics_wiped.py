"""The running statistics of the BatchNorms are gone. They are buffers, no parameters, and a network that was
in use keeps them. Look at what reset_parameters() of a BatchNorm resets.
"""

QUESTIONS = ("p4.initialization",)
MODULE = "network"


_right_initialize = initialize


def initialize(model):
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.reset_parameters()
    _right_initialize(model)
