"""The rate grows with the square root of the batch. That is another rule; the linear one keeps rate
divided by batch constant.
"""

QUESTIONS = ("p2.schedules",)
MODULE = "optimizers"


def scaled_lr(base, batch, reference=256):
    return base * math.sqrt(batch / reference)
