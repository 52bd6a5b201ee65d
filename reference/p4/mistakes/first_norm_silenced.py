"""It is the first BatchNorm of each branch that begins at 0. What follows it turns zeros into zeros only as
long as it has no biases, and the last BatchNorm divides by a deviation of 0.
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
            nn.init.zeros_(norms[0].weight)
