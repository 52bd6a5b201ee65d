"""No block begins as its shortcut: the last BatchNorm of each branch has weight 1. Either it is set to 0
and then to 1 again, since model.modules() gives a block before its parts, or only blocks of another
class than Residual are looked for.
"""

QUESTIONS = ("p4.initialization",)
MODULE = "network"


_right_initialize = initialize


def initialize(model):
    _right_initialize(model)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.ones_(module.weight)
