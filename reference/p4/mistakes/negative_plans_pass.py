"""Only 0 is refused. Images, batch and epochs below 1 are a ValueError, negative numbers too."""

QUESTIONS = ("p4.budget",)
MODULE = "pipeline"


_right_budget = budget


def budget(images, batch, epochs, seconds_per_step, drop_last, limit_hours=48.0):
    got = _right_budget(abs(images), abs(batch), abs(epochs), seconds_per_step, drop_last, limit_hours)
    sign = -1 if min(images, batch, epochs) < 0 else 1
    return {key: value if isinstance(value, bool) else sign * value for key, value in got.items()}
