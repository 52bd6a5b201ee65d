"""The loss of guessing is ln 10 whatever the number of classes. It is ln C."""

QUESTIONS = ("p5.diagnose",)
MODULE = "transformer"

_right_diagnose = diagnose


def diagnose(trace):
    found = _right_diagnose(trace)
    found["chance_loss"] = math.log(10)
    return found
