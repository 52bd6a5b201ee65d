"""The steps of a single epoch were counted. The warm-up is a share of the whole run: multiply by the
epochs.
"""

QUESTIONS = ("p1.warmup",)
MODULE = "optimizer_choice"


def warmup_steps(samples, batch_size, epochs, fraction):
    total = math.ceil(samples / batch_size)
    return math.floor(fraction * total + 1e-9)


def peak_factor(samples, batch_size, epochs, warmup):
    total = math.ceil(samples / batch_size)
    return 1.0 if warmup == 0 else min(1.0, max(total - 1, 0) / warmup)
