"""The warm-up begins at the floor. It begins at 0."""

QUESTIONS = ("p4.groups",)
MODULE = "captioning"


def schedule(optimizer, total, warmup, floor=0.1):
    def factor(step):
        if step < warmup:
            return floor + (1 - floor) * step / warmup

        if step >= total:
            return floor
        done = (step - warmup) / (total - warmup)
        return floor + (1 - floor) * (1 + math.cos(math.pi * done)) / 2

    return lr_scheduler.LambdaLR(optimizer, factor)
