"""A block was counted with a single 3 x 3 convolution. A basic block has two."""

QUESTIONS = ("p2.count",)
MODULE = "resnet"


_right_count = count_parameters


def count_parameters(width, blocks_per_stage=3, num_classes=10):
    counts = _right_count(width, blocks_per_stage, num_classes)
    for part, channels in (("stage1", width), ("stage2", 2 * width), ("stage3", 4 * width)):
        counts[part] -= blocks_per_stage * (9 * channels**2 + 2 * channels)
    counts["total"] = sum(counts[part] for part in ("stem", "stage1", "stage2", "stage3", "head"))
    return counts
