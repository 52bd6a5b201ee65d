"""Only networks with the target or less were taken. The interval reaches above the target too."""

QUESTIONS = ("p2.design",)
MODULE = "resnet"


def design(target, tolerance, num_classes=10):
    for width in range(4, 257):
        for blocks in range(1, 19):
            if 0 <= target - count_parameters(width, blocks, num_classes)["total"] <= tolerance:
                return width, blocks
    return None
