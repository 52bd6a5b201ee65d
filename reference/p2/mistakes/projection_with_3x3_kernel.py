"""The projection was counted as a 3 x 3 convolution. It is a 1 x 1 one: it changes the number of channels
and takes every other pixel, and looks at no neighbours.
"""

QUESTIONS = ("p2.count",)
MODULE = "resnet"


_right_count = count_parameters


def count_parameters(width, blocks_per_stage=3, num_classes=10):
    counts = _right_count(width, blocks_per_stage, num_classes)
    counts["stage2"] += 8 * 2 * width * width
    counts["stage3"] += 8 * 8 * width * width
    counts["total"] = sum(counts[part] for part in ("stem", "stage1", "stage2", "stage3", "head"))
    return counts
