"""What goes into a block was given as what comes out. In the first block of a later stage they differ,
which is why its shortcut is a projection.
"""

QUESTIONS = ("p2.shortcuts",)
MODULE = "resnet"


_right_plan = shortcuts


def shortcuts(widths, blocks_per_stage, image_size=32):
    plan = _right_plan(widths, blocks_per_stage, image_size)
    return [(kind, made, made) for kind, _, made in plan]
