"""Only blocks of the class Bottleneck begin as their shortcut. Any Residual is a block."""

QUESTIONS = ("p4.initialization",)
MODULE = "network"


_right_initialize = initialize


def initialize(model):
    _right_initialize(model)
    for block in model.modules():
        if isinstance(block, Residual) and not isinstance(block, Bottleneck):
            norms = [part for part in block.branch.modules() if isinstance(part, nn.BatchNorm2d)]
            nn.init.ones_(norms[-1].weight)
