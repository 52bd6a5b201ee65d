"""The cosine runs to 0 and is cut off at the floor. It is to reach the floor at the end and not
before.
"""

QUESTIONS = ("p4.groups",)
MODULE = "captioning"


def schedule(optimizer, total, warmup, floor=0.1):
    def factor(step):
        if step < warmup:
            return step / warmup
        if step >= total:
            return floor
        return max(floor, (1 + math.cos(math.pi * (step - warmup) / (total - warmup))) / 2)

    return lr_scheduler.LambdaLR(optimizer, factor)
