"""Regularization was said to lower the training loss, or to bring the best epoch forward. It makes the
training images harder to learn by heart: the loss on them stays higher, and the validation goes on
improving for longer.
"""

QUESTIONS = ("p3.predict",)
MODULE = "overfitting"


PREDICTION = PREDICTION | {"train_loss": "lower", "best_epoch": "earlier"}
