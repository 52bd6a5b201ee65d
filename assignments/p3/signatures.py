"""Tells known mistakes from what a training run left behind; each function bears its mistake's name.

The evidence of p3.recipe is {"history": rows of what recipe returned, "accuracy": on new digits}.
"""


def _learned_by_heart(evidence):
    """The last training loss of a run that knows its training images and few others, else None."""
    history = evidence.get("history", ())
    if not history or evidence["accuracy"] > 0.65 or history[-1]["train_acc"] < 0.97:
        return None
    return history[-1]["train_loss"]


def recipe_smoothing_alone(evidence):
    """Every training image right and none of them certain: a training loss of 0.11 to 0.13."""
    loss = _learned_by_heart(evidence)
    return loss is not None and 0.07 < loss < 0.25


def recipe_without_augmentation(evidence):
    """Every training image right and certain, wrong labels included: a training loss of 0.006 to 0.03."""
    loss = _learned_by_heart(evidence)
    return loss is not None and loss <= 0.07
