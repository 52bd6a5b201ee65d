"""The warm-up is one step ahead: the first step has the number 0, and its factor is 0 divided by the
length of the warm-up.
"""

QUESTIONS = ("p2.schedules",)
MODULE = "optimizers"


def linear_warmup_decay(step, total, warmup):
    return (step + 1) / warmup if step < warmup else max(0.0, (total - step) / (total - warmup))


def warmup_cosine(step, total, warmup, floor=0.0):
    if step < warmup:
        return (step + 1) / warmup
    done = min(1.0, (step - warmup) / (total - warmup))
    return floor + (1 - floor) * (1 + math.cos(math.pi * done)) / 2
