"""A milestone acts one epoch late. It acts at the epoch of its own number, not after it."""

QUESTIONS = ("p2.schedules",)
MODULE = "optimizers"


def multi_step(epoch, milestones, gamma):
    return gamma ** sum(milestone < epoch for milestone in milestones)
