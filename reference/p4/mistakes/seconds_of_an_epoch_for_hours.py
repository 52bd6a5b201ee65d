"""The seconds of an epoch were divided by 60 once and called hours: these are minutes."""

QUESTIONS = ("p4.budget",)
MODULE = "pipeline"


_right_budget = budget


def budget(images, batch, epochs, seconds_per_step, drop_last, limit_hours=48.0):
    got = _right_budget(images, batch, epochs, seconds_per_step, drop_last, limit_hours)
    hours = got["hours"] * 60
    return {**got, "hours": hours, "fits": hours <= limit_hours}
