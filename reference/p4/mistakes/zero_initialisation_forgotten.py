"""The weights are He's, but no block begins as its shortcut: the last BatchNorm of each branch has weight
1, as all the others.
"""

QUESTIONS = ("p4.initialization",)
MODULE = "network"


_right_initialize = initialize


def initialize(model):
    _right_initialize(model)
    for block in model.modules():
        if isinstance(block, Residual):
            norms = [part for part in block.branch.modules() if isinstance(part, nn.BatchNorm2d)]
            nn.init.ones_(norms[-1].weight)
