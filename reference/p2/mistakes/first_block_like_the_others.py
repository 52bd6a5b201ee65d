"""The first block of stages 2 and 3 was counted with two convolutions from the wide to the wide. Its first
one still takes the narrow channels of the stage before.
"""

QUESTIONS = ("p2.count",)
MODULE = "resnet"


_right_count = count_parameters


def count_parameters(width, blocks_per_stage=3, num_classes=10):
    counts = _right_count(width, blocks_per_stage, num_classes)
    counts["stage2"] += 9 * 2 * width * width
    counts["stage3"] += 9 * 8 * width * width
    counts["total"] = sum(counts[part] for part in ("stem", "stage1", "stage2", "stage3", "head"))
    return counts
