"""The steps of the whole run were computed from all images of all epochs at once. Each epoch ends with a
smaller batch of its own.
"""

QUESTIONS = ("p4.budget",)
MODULE = "pipeline"


_right_budget = budget


def budget(images, batch, epochs, seconds_per_step, drop_last, limit_hours=48.0):
    got = _right_budget(images, batch, epochs, seconds_per_step, drop_last, limit_hours)
    total = images * epochs // batch if drop_last else -(-images * epochs // batch)
    hours = total * seconds_per_step / 3600
    return {**got, "steps": total, "hours": hours, "fits": hours <= limit_hours}
