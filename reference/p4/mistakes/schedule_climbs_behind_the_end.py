"""Behind the end of the run the cosine goes up again. The floor holds however long the run goes on."""

QUESTIONS = ("p4.groups",)
MODULE = "captioning"


def schedule(optimizer, total, warmup, floor=0.1):
    def factor(step):
        if step < warmup:
            return step / warmup
        done = (step - warmup) / max(1, total - warmup)
        return floor + (1 - floor) * (1 + math.cos(math.pi * done)) / 2 if total > warmup else floor

    return lr_scheduler.LambdaLR(optimizer, factor)
