"""seconds_per_epoch was divided by the number of epochs. It is the time of one epoch already: its steps
times the seconds of a step.
"""

QUESTIONS = ("p4.budget",)
MODULE = "pipeline"


_right_budget = budget


def budget(images, batch, epochs, seconds_per_step, drop_last, limit_hours=48.0):
    got = _right_budget(images, batch, epochs, seconds_per_step, drop_last, limit_hours)
    per_epoch = got["seconds_per_epoch"] / epochs
    return {**got, "seconds_per_epoch": per_epoch}
