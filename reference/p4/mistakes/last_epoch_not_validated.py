"""`epoch % every == 0` alone: of 90 epochs every fifth, epoch 89 is never validated, and it is the network
that is kept.
"""

QUESTIONS = ("p4.budget",)
MODULE = "pipeline"


def validation_epochs(epochs, every):
    if min(epochs, every) < 1:
        raise ValueError("epochs and every are 1 or more")
    return list(range(0, epochs, every))
