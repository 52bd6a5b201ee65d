"""The weights of the stop were kept. Between the best evaluation and the stop the network only got worse:
what early stopping restores is the best one.
"""

QUESTIONS = ("p5.capacity",)
MODULE = "transformer"

_right_stop = early_stop


def early_stop(log, patience):
    stopped, _ = _right_stop(log, patience)
    return stopped, stopped
