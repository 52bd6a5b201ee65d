"""An interval that holds everything says nothing. The handout gives its greatest width."""

QUESTIONS = ("p3.predict",)
MODULE = "overfitting"


PREDICTION = PREDICTION | {"accuracy": (0.0, 1.0), "gap": (0.0, 1.0)}
