"""The linear decay is counted from the start of the run, so the factor jumps down where the warm-up ends.
The line begins with 1 at the end of the warm-up.
"""

QUESTIONS = ("p2.schedules",)
MODULE = "optimizers"


def linear_warmup_decay(step, total, warmup):
    return step / warmup if step < warmup else max(0.0, (total - step) / total)
