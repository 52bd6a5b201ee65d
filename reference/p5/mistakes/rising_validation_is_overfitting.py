"""Every rising validation loss was called overfitting. It rises too where training falls apart; overfitting
needs a training loss that is low.
"""

QUESTIONS = ("p5.diagnose",)
MODULE = "transformer"

_right_cause = _cause


def _cause(trace, chance, ratio_first, ratio_last):
    finite = [loss for loss in trace["val_loss"] if math.isfinite(loss)]
    if finite[-1] >= 1.15 * min(finite):
        return "overfit"
    return _right_cause(trace, chance, ratio_first, ratio_last)
