"""The cosine falls to 0 and is cut off at the floor, so that the last part of the run has a constant rate.
It is the cosine itself that ends at the floor.
"""

QUESTIONS = ("p2.schedules",)
MODULE = "optimizers"


def warmup_cosine(step, total, warmup, floor=0.0):
    if step < warmup:
        return step / warmup
    done = min(1.0, (step - warmup) / (total - warmup))
    return max(floor, (1 + math.cos(math.pi * done)) / 2)
