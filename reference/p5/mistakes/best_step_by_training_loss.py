"""best_step is where the TRAINING loss was least. On the training set an overfitting run looks best at its
end.
"""

QUESTIONS = ("p5.diagnose",)
MODULE = "transformer"

_right_diagnose = diagnose


def diagnose(trace):
    found = _right_diagnose(trace)
    pairs = zip(trace["loss"], trace["step"], strict=True)
    found["best_step"] = min(pair for pair in pairs if math.isfinite(pair[0]))[1]
    return found
