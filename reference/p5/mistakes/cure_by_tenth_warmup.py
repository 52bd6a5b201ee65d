"""A warm-up over a tenth of the run is over before Adam's average of squares means anything: it remembers
about 1 / (1 - beta2) steps. Here the rate is reached after twelve steps and the stack collapses.
"""

QUESTIONS = ("p5.cure",)
MODULE = "transformer"

CURE_B = replace(FAILING, warmup_steps=12)
