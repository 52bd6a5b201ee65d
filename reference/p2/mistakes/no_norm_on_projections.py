"""The BatchNorm behind the 1 x 1 convolution of a projection is missing from stages 2 and 3. Every
convolution of this network has one.
"""

QUESTIONS = ("p2.count",)
MODULE = "resnet"


_right_count = count_parameters


def count_parameters(width, blocks_per_stage=3, num_classes=10):
    counts = _right_count(width, blocks_per_stage, num_classes)
    counts["stage2"] -= 4 * width
    counts["stage3"] -= 8 * width
    counts["total"] = sum(counts[part] for part in ("stem", "stage1", "stage2", "stage3", "head"))
    return counts
