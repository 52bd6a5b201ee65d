"""Epochs are steps over the steps of an epoch, which are whole. What you give is samples seen over
samples: a little more, since the last batch is smaller.
"""

QUESTIONS = ("p4.budget",)
MODULE = "pipeline"


_right_allowance = allowance


def allowance(samples, batch, steps, days):
    got = _right_allowance(samples, batch, steps, days)
    return {**got, "epochs": steps * batch / samples}
