"""Epochs count from 0 here, and epoch 0 is validated: the multiples of `every`, not one less."""

QUESTIONS = ("p4.budget",)
MODULE = "pipeline"


def validation_epochs(epochs, every):
    if min(epochs, every) < 1:
        raise ValueError("epochs and every are 1 or more")
    return sorted({*range(every - 1, epochs, every), epochs - 1})
