"""The batches were rounded up once for the whole run. Every epoch ends with a smaller batch of its own,
so round up per epoch and multiply afterwards.
"""

QUESTIONS = ("p1.warmup",)
MODULE = "optimizer_choice"


def warmup_steps(samples, batch_size, epochs, fraction):
    total = math.ceil(samples * epochs / batch_size)
    return math.floor(fraction * total + 1e-9)


def peak_factor(samples, batch_size, epochs, warmup):
    total = math.ceil(samples * epochs / batch_size)
    return 1.0 if warmup == 0 else min(1.0, max(total - 1, 0) / warmup)
