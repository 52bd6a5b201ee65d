"""A run of a single step was taken to stay at 0 whatever the warm-up is. Without a warm-up the first step has
the peak already.
"""

QUESTIONS = ("p1.warmup",)
MODULE = "optimizer_choice"


def peak_factor(samples, batch_size, epochs, warmup):
    total = math.ceil(samples / batch_size) * epochs
    return min(1.0, (total - 1) / max(1, warmup))
