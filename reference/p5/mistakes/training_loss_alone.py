"""A low training loss was called healthy without a look at the validation loss."""

QUESTIONS = ("p5.diagnose",)
MODULE = "transformer"

_right_cause = _cause


def _cause(trace, chance, ratio_first, ratio_last):
    found = _right_cause(trace, chance, ratio_first, ratio_last)
    return "healthy" if found == "overfit" else found
