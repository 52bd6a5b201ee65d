"""Regularizers were all said to raise the accuracy. Some only make the network less certain where it is
wrong: the loss falls, and as many images are right as before.
"""

QUESTIONS = ("p3.impact",)
MODULE = "overfitting"


IMPACT = IMPACT | {
    "early_stopping": "raises_accuracy",
    "label_smoothing": "raises_accuracy",
    "weight_decay": "raises_accuracy",
}
