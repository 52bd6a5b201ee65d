"""Everything is attainable here. How many images has a class?"""

QUESTIONS = ("p4.stability",)
MODULE = "pipeline"


def attainable(images_per_class, top1):
    return True
