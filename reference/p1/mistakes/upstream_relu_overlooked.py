"""For w1 only the first ReLU was looked at. The gradient comes from the output: the second ReLU lies on
its way too, and where that unit is dead nothing arrives at the first layer.
"""

QUESTIONS = ("p1.zero_cause",)
MODULE = "gradient_flow"


_right_zero_causes = zero_causes


def zero_causes(x, w1, w2, w3, target):
    causes = _right_zero_causes(x, w1, w2, w3, target)
    if w1 * x > 0:
        causes["dw1"].discard("relu_inactive")
    return causes
