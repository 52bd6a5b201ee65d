"""A NaN in the validation log spoiled best_step: comparisons with NaN are false, so min() keeps a NaN that
comes first.
"""

QUESTIONS = ("p5.diagnose",)
MODULE = "transformer"

_right_diagnose = diagnose


def diagnose(trace):
    found = _right_diagnose(trace)
    found["best_step"] = trace["val_step"][trace["val_loss"].index(min(trace["val_loss"]))]
    return found
