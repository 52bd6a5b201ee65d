"""The weights of the last BatchNorms are set to 0 and then to 1 again: model.modules() gives a block before
the block's own parts, so a rule for BatchNorms comes later than one for blocks.
"""

QUESTIONS = ("p4.initialization",)
MODULE = "network"


_right_initialize = initialize


def initialize(model):
    _right_initialize(model)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.ones_(module.weight)
