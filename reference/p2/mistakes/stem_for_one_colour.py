"""The stem was counted for images of one channel. CIFAR's images have three colours."""

QUESTIONS = ("p2.count",)
MODULE = "resnet"


_right_count = count_parameters


def count_parameters(width, blocks_per_stage=3, num_classes=10):
    counts = _right_count(width, blocks_per_stage, num_classes)
    counts["stem"] = 9 * width + 2 * width
    counts["total"] = sum(counts[part] for part in ("stem", "stage1", "stage2", "stage3", "head"))
    return counts
