"""There is no warm-up: the first update has the peak, when Adam's averages have seen one gradient."""

QUESTIONS = ("p4.groups",)
MODULE = "captioning"


def schedule(optimizer, total, warmup, floor=0.1):
    def factor(step):
        if step < warmup:
            return 1.0

        if step >= total:
            return floor
        done = (step - warmup) / (total - warmup)
        return floor + (1 - floor) * (1 + math.cos(math.pi * done)) / 2

    return lr_scheduler.LambdaLR(optimizer, factor)
