"""The cosine is counted from the start of the run, so the factor jumps down where the warm-up ends. Half a
period lies between the end of the warm-up and the end of the run.
"""

QUESTIONS = ("p2.schedules",)
MODULE = "optimizers"


def warmup_cosine(step, total, warmup, floor=0.0):
    if step < warmup:
        return step / warmup
    return floor + (1 - floor) * (1 + math.cos(math.pi * min(1.0, step / total))) / 2
