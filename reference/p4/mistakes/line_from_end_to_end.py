"""One straight line was drawn from the first row to the last. There is a row between them, and the line
has a bend there.
"""

QUESTIONS = ("p4.stability",)
MODULE = "pipeline"


def attainable(images_per_class, top1):
    way = math.log(images_per_class / 13) / math.log(1281 / 13)
    return top1 <= 0.254 + min(1.0, way) * (0.765 - 0.254)
