"""Only networks with the target or more were taken. The interval reaches below the target too."""

QUESTIONS = ("p2.design",)
MODULE = "resnet"


def design(target, tolerance, num_classes=10):
    for width in range(4, 257):
        for blocks in range(1, 19):
            if 0 <= count_parameters(width, blocks, num_classes)["total"] - target <= tolerance:
                return width, blocks
    return None
