"""A network without channels, blocks or classes was counted. There is no such network: raise a ValueError."""

QUESTIONS = ("p2.count",)
MODULE = "resnet"


_right_count = count_parameters


def count_parameters(width, blocks_per_stage=3, num_classes=10):
    if min(width, blocks_per_stage, num_classes) >= 1:
        return _right_count(width, blocks_per_stage, num_classes)
    return dict.fromkeys(_right_count(1), 0)
