"""The accuracy on the training images was forecast. A tenth of their labels is wrong, and the question is
about new ones.
"""

QUESTIONS = ("p3.predict",)
MODULE = "overfitting"


PREDICTION = PREDICTION | {"accuracy": (0.86, 1.0)}
