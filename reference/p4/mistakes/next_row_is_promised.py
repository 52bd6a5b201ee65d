"""The next larger row of the table was promised. Between two rows is a straight line in the logarithm."""

QUESTIONS = ("p4.stability",)
MODULE = "pipeline"


def attainable(images_per_class, top1):
    return top1 <= next((high for many, high in MEASURED if images_per_class <= many), MEASURED[-1][1])
