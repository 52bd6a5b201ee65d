"""A training that takes exactly as long as it may does fit."""

QUESTIONS = ("p4.budget",)
MODULE = "pipeline"


_right_budget = budget


def budget(images, batch, epochs, seconds_per_step, drop_last, limit_hours=48.0):
    got = _right_budget(images, batch, epochs, seconds_per_step, drop_last, limit_hours)
    return {**got, "fits": got["hours"] < limit_hours}
