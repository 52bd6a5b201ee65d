"""seconds_per_step is the time divided by the steps of the whole training. What you give is the time that
one epoch may take.
"""

QUESTIONS = ("p4.budget",)
MODULE = "pipeline"


_right_allowance = allowance


def allowance(samples, batch, steps, days):
    got = _right_allowance(samples, batch, steps, days)
    return {**got, "seconds_per_step": got["seconds_per_step"] * got["steps_per_epoch"]}
