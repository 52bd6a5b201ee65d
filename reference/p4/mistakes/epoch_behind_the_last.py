"""There is no epoch number `epochs`: the last one is epochs - 1."""

QUESTIONS = ("p4.budget",)
MODULE = "pipeline"


def validation_epochs(epochs, every):
    if min(epochs, every) < 1:
        raise ValueError("epochs and every are 1 or more")
    return sorted({*range(0, epochs + 1, every), epochs})
