"""The stem is counted with a bias in place of its BatchNorm's two numbers a channel: 27 w + w, where there
is no bias and both gamma and beta are learnt.
"""

QUESTIONS = ("p2.count",)
MODULE = "resnet"


_right_count = count_parameters


def count_parameters(width, blocks_per_stage=3, num_classes=10):
    counts = _right_count(width, blocks_per_stage, num_classes)
    counts["stem"] = 28 * width
    counts["total"] = sum(counts[part] for part in ("stem", "stage1", "stage2", "stage3", "head"))
    return counts
