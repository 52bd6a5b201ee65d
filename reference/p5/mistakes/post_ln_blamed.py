"""Post-LN was blamed for the collapse. The same stack trains at a smaller rate or with a longer warm-up, so
the place of the norm does not make gradients vanish; the first steps destroyed the signal.
"""

QUESTIONS = ("p5.diagnose",)
MODULE = "transformer"

_STORY["lr_too_high"] = ("post_ln_always_vanishes", "warmup_or_range_test")
