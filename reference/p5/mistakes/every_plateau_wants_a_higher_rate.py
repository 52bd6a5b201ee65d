"""Every run that does not learn was put down to a rate too low. Where the first layer's gradient has become a
thousandth of the last layer's, larger steps make it worse.
"""

QUESTIONS = ("p5.diagnose",)
MODULE = "transformer"

_right_cause = _cause


def _cause(trace, chance, ratio_first, ratio_last):
    found = _right_cause(trace, chance, ratio_first, ratio_last)
    return "lr_too_low" if found in ("lr_too_high", "vanishing") else found
