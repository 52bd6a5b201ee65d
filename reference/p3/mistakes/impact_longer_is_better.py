"""Longer training was said to help. Look at the differences seed by seed: they are within what the rule
calls clear.
"""

QUESTIONS = ("p3.impact",)
MODULE = "overfitting"


IMPACT = IMPACT | {"longer_training": "raises_accuracy", "long_augmentation": "raises_accuracy"}
