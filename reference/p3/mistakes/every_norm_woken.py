"""model.train() alone: it reaches the frozen BatchNorms too, which then average the new images into their
running mean and variance. requires_grad does not stop that, for no gradient is involved.
"""

QUESTIONS = ("p3.freeze",)
MODULE = "overfitting"


def train_mode(model):
    model.train()
