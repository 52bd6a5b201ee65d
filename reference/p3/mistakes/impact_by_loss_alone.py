"""A lower loss was taken for an effect on the accuracy, or a higher one for damage to it. The two are
separate columns.
"""

QUESTIONS = ("p3.impact",)
MODULE = "overfitting"


IMPACT = IMPACT | {
    "longer_training": "hurts_accuracy",
    "weight_decay": "lowers_loss_only",
    "early_stopping": "raises_accuracy",
}
