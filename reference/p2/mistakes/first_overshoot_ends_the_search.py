"""The search stopped at the first network that was too large. A narrower one with more blocks may still
fit.
"""

QUESTIONS = ("p2.design",)
MODULE = "resnet"


def design(target, tolerance, num_classes=10):
    for blocks in range(1, 19):
        for width in range(4, 257):
            total = count_parameters(width, blocks, num_classes)["total"]
            if abs(total - target) <= tolerance:
                return width, blocks
            if total > target:
                return None
    return None
