"""A correct answer in another style: the inverse question, how many images an accuracy takes."""

# It is appended to the reference module, whose names it uses.

QUESTIONS = ("p4.stability",)
MODULE = "pipeline"


def attainable(images_per_class, top1):
    if top1 > 0.765:
        return False
    if top1 <= 0.254:
        return True
    few, many, low, high = (13, 128, 0.254, 0.564) if top1 <= 0.564 else (128, 1281, 0.564, 0.765)
    return images_per_class >= few * (many / few) ** ((top1 - low) / (high - low))
