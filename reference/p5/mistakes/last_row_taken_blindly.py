"""The last gradient ratio comes from a row in which a norm is not finite or the last layer's is zero. Go back
to the last row that can be read.
"""

QUESTIONS = ("p5.diagnose",)
MODULE = "transformer"

_right_diagnose = diagnose


def diagnose(trace):
    found = _right_diagnose(trace)
    last = trace["grad_norms"][-1]
    found["gradient_ratio_last"] = last[0] / last[-1] if last[-1] else math.inf
    return found
