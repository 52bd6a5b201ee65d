"""Epoch 0 is a multiple of `every` too."""

QUESTIONS = ("p4.budget",)
MODULE = "pipeline"


def validation_epochs(epochs, every):
    if min(epochs, every) < 1:
        raise ValueError("epochs and every are 1 or more")
    return sorted({*range(every, epochs, every), epochs - 1})
