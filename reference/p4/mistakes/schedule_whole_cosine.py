"""The cosine goes through a whole period: down in the middle of the run, and up to the peak again."""

QUESTIONS = ("p4.groups",)
MODULE = "captioning"


def schedule(optimizer, total, warmup, floor=0.1):
    def factor(step):
        if step < warmup:
            return step / warmup
        if step >= total:
            return floor
        done = (step - warmup) / (total - warmup)
        return floor + (1 - floor) * (1 + math.cos(2 * math.pi * done)) / 2

    return lr_scheduler.LambdaLR(optimizer, factor)
