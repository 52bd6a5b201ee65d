"""Every milestone that was planned lowers the last rate, those behind the run included. Only the ones that
the run reaches act.
"""

QUESTIONS = ("p2.schedules",)
MODULE = "optimizers"


def last_factor(epochs, milestones, gamma):
    return gamma ** len(milestones)
