"""The cosine goes down and comes up again: a whole period was taken where half of one leads from 1 to -1."""

QUESTIONS = ("p2.schedules",)
MODULE = "optimizers"


def warmup_cosine(step, total, warmup, floor=0.0):
    if step < warmup:
        return step / warmup
    done = min(1.0, (step - warmup) / (total - warmup))
    return floor + (1 - floor) * (1 + math.cos(2 * math.pi * done)) / 2
