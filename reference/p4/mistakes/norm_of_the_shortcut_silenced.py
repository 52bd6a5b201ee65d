"""It is the last BatchNorm of the block that begins at 0, and in blocks with a projection that is the one
of the shortcut. Such a block begins as its branch, and those without a projection as their shortcut.
"""

QUESTIONS = ("p4.initialization",)
MODULE = "network"


_right_initialize = initialize


def initialize(model):
    _right_initialize(model)
    for block in model.modules():
        if isinstance(block, Residual):
            norms = [part for part in block.modules() if isinstance(part, nn.BatchNorm2d)]
            own = [part for part in block.branch.modules() if isinstance(part, nn.BatchNorm2d)]
            nn.init.ones_(own[-1].weight)
            nn.init.zeros_(norms[-1].weight)
