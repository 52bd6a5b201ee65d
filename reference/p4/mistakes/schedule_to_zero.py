"""The cosine ends at 0. It is to end at a share of the peak, the floor, and stay there."""

QUESTIONS = ("p4.groups",)
MODULE = "captioning"


def schedule(optimizer, total, warmup, floor=0.1):
    def factor(step):
        if step < warmup:
            return step / warmup
        if step >= total:
            return 0.0
        return (1 + math.cos(math.pi * (step - warmup) / (total - warmup))) / 2

    return lr_scheduler.LambdaLR(optimizer, factor)
