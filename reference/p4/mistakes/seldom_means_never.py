"""A distance longer than the run still leaves epoch 0 and the last one."""

QUESTIONS = ("p4.budget",)
MODULE = "pipeline"


_right_validation_epochs = validation_epochs


def validation_epochs(epochs, every):
    return _right_validation_epochs(epochs, every) if every < epochs or every < 1 or epochs < 1 else []
