"""The floor is added to a full cosine, so the factor begins above 1. What lies between the floor and 1 is
left for the cosine.
"""

QUESTIONS = ("p2.schedules",)
MODULE = "optimizers"


def warmup_cosine(step, total, warmup, floor=0.0):
    if step < warmup:
        return step / warmup
    done = min(1.0, (step - warmup) / (total - warmup))
    return floor + (1 + math.cos(math.pi * done)) / 2
