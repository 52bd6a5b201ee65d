"""With drop_last and fewer images than a batch there is no step at all, and nothing is trained. That is an
error, not a training of 0 hours.
"""

QUESTIONS = ("p4.budget",)
MODULE = "pipeline"


_right_budget = budget


def budget(images, batch, epochs, seconds_per_step, drop_last, limit_hours=48.0):
    if drop_last and 1 <= images < batch and epochs >= 1:
        return {
            "steps_per_epoch": 0,
            "steps": 0,
            "seconds_per_epoch": 0.0,
            "hours": 0.0,
            "fits": True,
        }
    return _right_budget(images, batch, epochs, seconds_per_step, drop_last, limit_hours)
