"""The counts are the colleague's: those of width 16 times the square of the width's ratio, and a stem with a
bias. The square holds for convolutions, whose parameters grow with the product of two widths; a BatchNorm's
grow with one width. And a convolution before a BatchNorm has no bias.
"""

QUESTIONS = ("p2.count",)
MODULE = "resnet"


_right_count = count_parameters


def count_parameters(width, blocks_per_stage=3, num_classes=10):
    counts = _right_count(width, blocks_per_stage, num_classes)
    counts["stem"] = 28 * width
    small = _right_count(16, blocks_per_stage, num_classes)
    for part in ("stage1", "stage2", "stage3"):
        counts[part] = small[part] * width**2 // 256
    counts["total"] = sum(counts[part] for part in ("stem", "stage1", "stage2", "stage3", "head"))
    return counts
