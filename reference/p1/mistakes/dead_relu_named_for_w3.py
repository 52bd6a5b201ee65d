"""A dead second unit was named as an inactive ReLU for w3. The ReLU's derivative does not enter the
gradient of w3, which lies behind it: there the dead unit shows as an input h2 of 0.
"""

QUESTIONS = ("p1.zero_cause",)
MODULE = "gradient_flow"


_right_zero_causes = zero_causes


def zero_causes(x, w1, w2, w3, target):
    causes = _right_zero_causes(x, w1, w2, w3, target)
    if "zero_input" in causes["dw3"]:
        causes["dw3"].discard("zero_input")
        causes["dw3"].add("relu_inactive")
    return causes
