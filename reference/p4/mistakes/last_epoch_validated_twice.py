"""The last epoch appears twice where it is a multiple anyway."""

QUESTIONS = ("p4.budget",)
MODULE = "pipeline"


def validation_epochs(epochs, every):
    if min(epochs, every) < 1:
        raise ValueError("epochs and every are 1 or more")
    return [*range(0, epochs, every), epochs - 1]
