"""The limit is for the whole training; what was held against it is one epoch."""

QUESTIONS = ("p4.budget",)
MODULE = "pipeline"


_right_budget = budget


def budget(images, batch, epochs, seconds_per_step, drop_last, limit_hours=48.0):
    got = _right_budget(images, batch, epochs, seconds_per_step, drop_last, limit_hours)
    return {**got, "fits": got["seconds_per_epoch"] / 3600 <= limit_hours}
