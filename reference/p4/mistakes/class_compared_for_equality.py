"""Blocks whose class is derived from Residual are overlooked: a type is compared with ==, where isinstance
belongs.
"""

QUESTIONS = ("p4.initialization",)
MODULE = "network"


_right_initialize = initialize


def initialize(model):
    _right_initialize(model)
    for block in model.modules():
        if isinstance(block, Residual) and type(block) is not Residual:
            norms = [part for part in block.branch.modules() if isinstance(part, nn.BatchNorm2d)]
            nn.init.ones_(norms[-1].weight)
