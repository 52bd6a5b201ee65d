"""The cosine began with the run and not behind the warm-up, so the rate jumps down where the warm-up
ends.
"""

QUESTIONS = ("p4.groups",)
MODULE = "captioning"


def schedule(optimizer, total, warmup, floor=0.1):
    def factor(step):
        if step < warmup:
            return step / warmup
        if step >= total:
            return floor
        return floor + (1 - floor) * (1 + math.cos(math.pi * step / total)) / 2

    return lr_scheduler.LambdaLR(optimizer, factor)
