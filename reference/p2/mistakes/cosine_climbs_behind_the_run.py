"""Behind the end of the run the cosine climbs again. It stays at its floor there: a run that is prolonged
by an epoch must not restart at a high rate.
"""

QUESTIONS = ("p2.schedules",)
MODULE = "optimizers"


def warmup_cosine(step, total, warmup, floor=0.0):
    if step < warmup:
        return step / warmup
    done = (step - warmup) / (total - warmup)
    return floor + (1 - floor) * (1 + math.cos(math.pi * done)) / 2
