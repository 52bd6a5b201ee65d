"""Every run that stays near ln C was called vanishing gradients. Three causes end there; the gradients at
step 0 and at the end tell them apart.
"""

QUESTIONS = ("p5.diagnose",)
MODULE = "transformer"

_right_cause = _cause


def _cause(trace, chance, ratio_first, ratio_last):
    found = _right_cause(trace, chance, ratio_first, ratio_last)
    return "vanishing" if found in ("lr_too_high", "lr_too_low") else found
