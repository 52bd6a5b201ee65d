"""An epoch of `allowance` keeps its last, smaller batch: one step more."""

QUESTIONS = ("p4.budget",)
MODULE = "pipeline"


_right_allowance = allowance


def allowance(samples, batch, steps, days):
    got = _right_allowance(samples, batch, steps, days)
    per_epoch = max(1, samples // batch)
    return {**got, "steps_per_epoch": per_epoch, "epochs": steps / per_epoch}
