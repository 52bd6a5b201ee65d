"""1,000 classes were taken for ImageNet. What counts is the images of each class: ImageNet has 1,281."""

QUESTIONS = ("p4.stability",)
MODULE = "pipeline"


def attainable(images_per_class, top1):
    return top1 <= MEASURED[-1][1]
