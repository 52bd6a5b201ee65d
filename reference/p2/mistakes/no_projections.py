"""The projections are missing: the first block of stages 2 and 3 cannot add x as it is, since x has fewer
channels and more pixels than the branch.
"""

QUESTIONS = ("p2.count",)
MODULE = "resnet"


_right_count = count_parameters


def count_parameters(width, blocks_per_stage=3, num_classes=10):
    counts = _right_count(width, blocks_per_stage, num_classes)
    counts["stage2"] -= 2 * width * width + 4 * width
    counts["stage3"] -= 8 * width * width + 8 * width
    counts["total"] = sum(counts[part] for part in ("stem", "stage1", "stage2", "stage3", "head"))
    return counts
