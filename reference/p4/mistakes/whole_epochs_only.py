"""The epochs of a number of steps were rounded down. 100,000 steps need not end with an epoch: give the
fraction.
"""

QUESTIONS = ("p4.budget",)
MODULE = "pipeline"


_right_allowance = allowance


def allowance(samples, batch, steps, days):
    got = _right_allowance(samples, batch, steps, days)
    return {**got, "epochs": float(int(got["epochs"]))}
