"""A weight was named as a cause for its own gradient. The derivative of a product by one factor leaves
the other factors: the weight's own value is not among them.
"""

QUESTIONS = ("p1.zero_cause",)
MODULE = "gradient_flow"


_right_zero_causes = zero_causes


def zero_causes(x, w1, w2, w3, target):
    causes = _right_zero_causes(x, w1, w2, w3, target)
    for weight, value in (("dw1", w1), ("dw2", w2), ("dw3", w3)):
        if value == 0:
            causes[weight].add("zero_weight")
    return causes
