"""The last row below was taken. Between two rows is a straight line in the logarithm."""

QUESTIONS = ("p4.stability",)
MODULE = "pipeline"


def attainable(images_per_class, top1):
    return top1 <= max(high for few, high in MEASURED if few <= max(13, images_per_class))
