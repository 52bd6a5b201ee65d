"""A correct answer in another style: warm-up in whole numbers."""

QUESTIONS = ("p1.warmup",)
MODULE = "optimizer_choice"


def warmup_steps(samples, batch_size, epochs, fraction):
    return int(-(-samples // batch_size) * epochs * fraction + 1e-9)


def peak_factor(samples, batch_size, epochs, warmup):
    total = (samples + batch_size - 1) // batch_size * epochs
    return max((min(1.0, s / warmup) if warmup else 1.0) for s in range(total))
