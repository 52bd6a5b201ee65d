"""Clipping was named as the prevention. It does not shorten Adam's steps, and it does not find a missing
zero_grad; a lower rate and an alarm on the loss do.
"""

QUESTIONS = ("p5.diagnose",)
MODULE = "transformer"

_STORY["diverged"] = ("runaway_growth", "needs_clipping")
_STORY["lr_too_high"] = ("step_destroys_signal", "needs_clipping")
