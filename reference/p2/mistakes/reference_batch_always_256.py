"""The batch for which the base rate is usual was taken to be 256 whatever was given."""

QUESTIONS = ("p2.schedules",)
MODULE = "optimizers"


def scaled_lr(base, batch, reference=256):
    return base * batch / 256
