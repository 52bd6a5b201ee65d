"""A run was judged by its very last loss. One batch is noisy, and a spike in it is not the end of the run:
the handout says what is.
"""

QUESTIONS = ("p5.diagnose",)
MODULE = "transformer"

_right_cause = _cause


def _cause(trace, chance, ratio_first, ratio_last):
    losses = trace["loss"]
    return _right_cause({**trace, "loss": losses[-1:]}, chance, ratio_first, ratio_last)
