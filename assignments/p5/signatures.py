"""Tells known mistakes from what a training run left behind; each function bears its mistake's name.

The evidence of p5.accuracy is {"history": what train returned, "accuracy": on new digits}. Measured in five
runs each of three epochs: the losses of a network that never moves stay within 0.016 of the first epoch's, by
its dropout; with one step an epoch the last one lies 0.038 to 0.067 below.
"""


def changes(evidence):
    """Loss of each epoch after the first, as a share of the first that it lies above it."""
    losses = [row["loss"] for row in evidence.get("history", ())]
    return [loss / losses[0] - 1 for loss in losses[1:]]


def zero_grad_before_step(evidence):
    """The loss of a network that never moves: in every epoch that of the first, and no digit learnt."""
    after = changes(evidence)
    return bool(after) and evidence["accuracy"] < 0.3 and all(abs(change) < 0.02 for change in after)


def step_behind_the_loop(evidence):
    """A loss that falls from epoch to epoch, and by no more than one step in each can do."""
    after = changes(evidence)
    falls = bool(after) and all(later < sooner for sooner, later in zip([0.0, *after], after, strict=False))
    return falls and evidence["accuracy"] < 0.3 and -0.15 < after[-1] < -0.03
