"""The chance loss is counted in bits. Cross-entropy as torch computes it is in nats: the natural
logarithm.
"""

QUESTIONS = ("p5.plateau",)
MODULE = "debugging"


def chance_loss(num_classes):
    if num_classes < 1:
        raise ValueError(num_classes)
    return math.log2(num_classes)
