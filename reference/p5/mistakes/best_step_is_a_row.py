"""best_step is a row number. The step that was logged in that row is asked."""

QUESTIONS = ("p5.diagnose",)
MODULE = "transformer"

_right_diagnose = diagnose


def diagnose(trace):
    found = _right_diagnose(trace)
    found["best_step"] = trace["val_step"].index(found["best_step"])
    return found
