"""The loss of guessing is in bits here. Cross-entropy uses the natural logarithm."""

QUESTIONS = ("p5.diagnose",)
MODULE = "transformer"

_right_diagnose = diagnose


def diagnose(trace):
    found = _right_diagnose(trace)
    found["chance_loss"] = math.log2(trace["num_classes"])
    return found
