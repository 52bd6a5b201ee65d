"""The last, smaller batch was charged only a part of a step. The docstring says that it takes as long as a
full one.
"""

QUESTIONS = ("p4.budget",)
MODULE = "pipeline"


_right_budget = budget


def budget(images, batch, epochs, seconds_per_step, drop_last, limit_hours=48.0):
    got = _right_budget(images, batch, epochs, seconds_per_step, drop_last, limit_hours)
    share = images / batch if not drop_last else got["steps_per_epoch"]
    hours = share * epochs * seconds_per_step / 3600
    return {
        **got,
        "seconds_per_epoch": share * seconds_per_step,
        "hours": hours,
        "fits": hours <= limit_hours,
    }
