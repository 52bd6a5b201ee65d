"""Width and blocks are in the wrong order: the pair is (width, blocks_per_stage)."""

QUESTIONS = ("p2.design",)
MODULE = "resnet"


_right_design = design


def design(target, tolerance, num_classes=10):
    found = _right_design(target, tolerance, num_classes)
    return None if found is None else (found[1], found[0])
