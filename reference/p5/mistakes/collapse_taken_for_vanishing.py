"""A collapsed run was called vanishing gradients. Its first layer's gradient is tiny at the end, but at step
0 it was as large as the last layer's: the small gradient is what the collapse left, not what caused it.
Look at the first row.
"""

QUESTIONS = ("p5.diagnose",)
MODULE = "transformer"

_right_cause = _cause


def _cause(trace, chance, ratio_first, ratio_last):
    found = _right_cause(trace, chance, ratio_first, ratio_last)
    return "vanishing" if found == "lr_too_high" else found
