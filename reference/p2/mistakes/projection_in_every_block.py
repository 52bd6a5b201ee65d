"""Every block of stages 2 and 3 was given a projection. From the second block of a stage on, x has the
branch's shape and costs nothing.
"""

QUESTIONS = ("p2.count",)
MODULE = "resnet"


_right_count = count_parameters


def count_parameters(width, blocks_per_stage=3, num_classes=10):
    counts = _right_count(width, blocks_per_stage, num_classes)
    counts["stage2"] += (blocks_per_stage - 1) * (4 * width * width + 4 * width)
    counts["stage3"] += (blocks_per_stage - 1) * (16 * width * width + 8 * width)
    counts["total"] = sum(counts[part] for part in ("stem", "stage1", "stage2", "stage3", "head"))
    return counts
