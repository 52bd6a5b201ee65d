"""Only a loss that is not finite was called diverged. A loss of hundreds is as far from guessing: ln C is the
loss of knowing nothing, and many times that means being sure and wrong.
"""

QUESTIONS = ("p5.diagnose",)
MODULE = "transformer"

_right_cause = _cause


def _cause(trace, chance, ratio_first, ratio_last):
    found = _right_cause(trace, chance, ratio_first, ratio_last)
    if found == "diverged" and all(math.isfinite(loss) for loss in trace["loss"]):
        return "lr_too_high"
    return found
