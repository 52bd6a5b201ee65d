"""The floor was added to a cosine that falls from 1: the rate begins above its peak. It is to fall
from 1 to the floor.
"""

QUESTIONS = ("p4.groups",)
MODULE = "captioning"


def schedule(optimizer, total, warmup, floor=0.1):
    def factor(step):
        if step < warmup:
            return step / warmup
        if step >= total:
            return floor
        return floor + (1 + math.cos(math.pi * (step - warmup) / (total - warmup))) / 2

    return lr_scheduler.LambdaLR(optimizer, factor)
