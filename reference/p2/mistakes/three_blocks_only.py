"""Only networks with three blocks a stage were tried. Depth is the second way to spend parameters."""

QUESTIONS = ("p2.design",)
MODULE = "resnet"


def design(target, tolerance, num_classes=10):
    for width in range(4, 257):
        for blocks in (3,):
            if abs(count_parameters(width, blocks, num_classes)["total"] - target) <= tolerance:
                return width, blocks
    return None
