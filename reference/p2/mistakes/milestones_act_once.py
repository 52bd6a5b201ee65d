"""However many milestones have been passed, the rate was lowered once. Each of them multiplies it by
gamma.
"""

QUESTIONS = ("p2.schedules",)
MODULE = "optimizers"


def multi_step(epoch, milestones, gamma):
    return gamma if any(milestone <= epoch for milestone in milestones) else 1.0
