"""The network lies outside the bounds: 4 <= width <= 256, 1 <= blocks <= 18."""

QUESTIONS = ("p2.design",)
MODULE = "resnet"


def design(target, tolerance, num_classes=10):
    for width in range(1, 400):
        for blocks in range(1, 40):
            if abs(count_parameters(width, blocks, num_classes)["total"] - target) <= tolerance:
                return width, blocks
    return None
