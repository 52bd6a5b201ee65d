"""The gradient ratios are upside down: first layer over last layer is asked, so that a starved first layer
gives a small number.
"""

QUESTIONS = ("p5.diagnose",)
MODULE = "transformer"

_right_diagnose = diagnose


def diagnose(trace):
    found = _right_diagnose(trace)
    for key in ("gradient_ratio_first", "gradient_ratio_last"):
        found[key] = 1 / found[key] if found[key] else math.inf
    return found
