"""Between two rows the accuracy was taken to grow with the number of images. It grows with the logarithm:
ten times as many images bring about the same everywhere.
"""

QUESTIONS = ("p4.stability",)
MODULE = "pipeline"


def attainable(images_per_class, top1):
    for (few, low), (many, high) in itertools.pairwise(MEASURED):
        if images_per_class <= many:
            return top1 <= low + (images_per_class - few) / (many - few) * (high - low)
    return top1 <= MEASURED[-1][1]
