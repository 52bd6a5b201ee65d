"""The number of classes has come in: the argument is images per class already."""

QUESTIONS = ("p4.stability",)
MODULE = "pipeline"


_right_attainable = attainable


def attainable(images_per_class, top1):
    return _right_attainable(max(13, images_per_class / 10), top1)
