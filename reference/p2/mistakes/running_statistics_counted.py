"""The running mean and variance of each BatchNorm were counted. They are buffers: training updates them,
but learns nothing in them, and no optimizer holds them.
"""

QUESTIONS = ("p2.count",)
MODULE = "resnet"


_right_count = count_parameters


def count_parameters(width, blocks_per_stage=3, num_classes=10):
    counts = _right_count(width, blocks_per_stage, num_classes)
    counts["stem"] += 2 * width
    counts["stage1"] += 2 * blocks_per_stage * 2 * width
    counts["stage2"] += (2 * blocks_per_stage + 1) * 4 * width
    counts["stage3"] += (2 * blocks_per_stage + 1) * 8 * width
    counts["total"] = sum(counts[part] for part in ("stem", "stage1", "stage2", "stage3", "head"))
    return counts
