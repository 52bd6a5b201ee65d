"""The warm-up climbs from the floor. The floor is where the decay ends; the warm-up begins at 0 whatever
it is.
"""

QUESTIONS = ("p2.schedules",)
MODULE = "optimizers"


def warmup_cosine(step, total, warmup, floor=0.0):
    if step < warmup:
        return floor + (1 - floor) * step / warmup
    done = min(1.0, (step - warmup) / (total - warmup))
    return floor + (1 - floor) * (1 + math.cos(math.pi * done)) / 2
