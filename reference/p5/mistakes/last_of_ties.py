"""Of equal validation losses the last one was taken. The first is asked: it cost less training."""

QUESTIONS = ("p5.diagnose",)
MODULE = "transformer"

_right_diagnose = diagnose


def diagnose(trace):
    found = _right_diagnose(trace)
    low = min(loss for loss in trace["val_loss"] if not math.isnan(loss))
    found["best_step"] = [s for s, v in zip(trace["val_step"], trace["val_loss"], strict=True) if v == low][
        -1
    ]
    return found
