"""The factor of an epoch that the run does not have. Epochs count from 0, so the last of n epochs is n -
1, and a milestone at n never acts.
"""

QUESTIONS = ("p2.schedules",)
MODULE = "optimizers"


def last_factor(epochs, milestones, gamma):
    return multi_step(epochs, milestones, gamma)
