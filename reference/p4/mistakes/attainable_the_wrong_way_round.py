"""The comparison is the wrong way round: what lies below the line is attainable."""

QUESTIONS = ("p4.stability",)
MODULE = "pipeline"


_right_attainable = attainable


def attainable(images_per_class, top1):
    return not _right_attainable(images_per_class, top1)
