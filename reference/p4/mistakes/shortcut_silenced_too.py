"""The last BatchNorm of the shortcut begins at 0 as well as that of the branch. Then the whole block gives
0, and nothing behind it sees the image.
"""

QUESTIONS = ("p4.initialization",)
MODULE = "network"


_right_initialize = initialize


def initialize(model):
    _right_initialize(model)
    for block in model.modules():
        if isinstance(block, Residual):
            for part in block.shortcut.modules():
                if isinstance(part, nn.BatchNorm2d):
                    nn.init.zeros_(part.weight)
