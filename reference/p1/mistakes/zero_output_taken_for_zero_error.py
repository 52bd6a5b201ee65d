"""An output of 0 was taken for an error of 0. With y = 0 and another target the loss is not zero, and
the error y - target is not the factor that stops the gradient.
"""

QUESTIONS = ("p1.zero_cause",)
MODULE = "gradient_flow"


_right_zero_causes = zero_causes


def zero_causes(x, w1, w2, w3, target):
    causes = _right_zero_causes(x, w1, w2, w3, target)
    if w3 * max(w2 * max(w1 * x, 0.0), 0.0) == 0:
        causes = {weight: found | {"zero_error"} for weight, found in causes.items()}
    return causes
