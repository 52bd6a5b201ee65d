"""Every BatchNorm of a branch begins at 0. Then the last one has nothing to multiply, not even it has a
gradient, and the branch stays dead.
"""

QUESTIONS = ("p4.initialization",)
MODULE = "network"


_right_initialize = initialize


def initialize(model):
    _right_initialize(model)
    for block in model.modules():
        if isinstance(block, Residual):
            for part in block.branch.modules():
                if isinstance(part, nn.BatchNorm2d):
                    nn.init.zeros_(part.weight)
