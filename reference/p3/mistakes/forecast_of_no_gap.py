"""The gap was said to vanish. A tenth of the training labels is wrong, and what the network learns of those
it cannot use on validation images.
"""

QUESTIONS = ("p3.predict",)
MODULE = "overfitting"


PREDICTION = PREDICTION | {"gap": (-0.2, 0.0)}
