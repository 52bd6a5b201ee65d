"""The last, smaller batch of an epoch was not counted. Unless the loader drops it, it is a step like any
other.
"""

QUESTIONS = ("p1.warmup",)
MODULE = "optimizer_choice"


def warmup_steps(samples, batch_size, epochs, fraction):
    total = samples // batch_size * epochs
    return math.floor(fraction * total + 1e-9)


def peak_factor(samples, batch_size, epochs, warmup):
    total = samples // batch_size * epochs
    return 1.0 if warmup == 0 else min(1.0, max(total - 1, 0) / warmup)
