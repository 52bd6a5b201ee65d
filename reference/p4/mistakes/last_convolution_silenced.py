"""It is the last convolution of each branch that begins at 0, not the BatchNorm behind it. That one then
divides a gradient by the deviation of zeros, and the first step is enormous.
"""

QUESTIONS = ("p4.initialization",)
MODULE = "network"


_right_initialize = initialize


def initialize(model):
    _right_initialize(model)
    for block in model.modules():
        if isinstance(block, Residual):
            parts = list(block.branch.modules())
            nn.init.ones_([part for part in parts if isinstance(part, nn.BatchNorm2d)][-1].weight)
            nn.init.zeros_([part for part in parts if isinstance(part, nn.Conv2d)][-1].weight)
