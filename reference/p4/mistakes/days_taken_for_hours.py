"""Days have 24 hours."""

QUESTIONS = ("p4.budget",)
MODULE = "pipeline"


_right_allowance = allowance


def allowance(samples, batch, steps, days):
    got = _right_allowance(samples, batch, steps, days)
    return {**got, "seconds_per_step": got["seconds_per_step"] / 24}
