"""The warm-up is one update ahead: the first update has 1 / warmup, where 0 is asked for."""

QUESTIONS = ("p4.groups",)
MODULE = "captioning"


def schedule(optimizer, total, warmup, floor=0.1):
    def factor(step):
        if step < warmup:
            return (step + 1) / warmup

        if step >= total:
            return floor
        done = (step - warmup) / (total - warmup)
        return floor + (1 - floor) * (1 + math.cos(math.pi * done)) / 2

    return lr_scheduler.LambdaLR(optimizer, factor)
