"""Stage 1 was given a projection as well. The stem already gives it as many channels as it has, and its
first block has stride 1: x fits as it is.
"""

QUESTIONS = ("p2.count",)
MODULE = "resnet"


_right_count = count_parameters


def count_parameters(width, blocks_per_stage=3, num_classes=10):
    counts = _right_count(width, blocks_per_stage, num_classes)
    counts["stage1"] += width * width + 2 * width
    counts["total"] = sum(counts[part] for part in ("stem", "stage1", "stage2", "stage3", "head"))
    return counts
