"""Momentum is said to make a warm-up needless. It averages steps, it does not shorten them: in the long
run it makes them ten times as long.
"""

QUESTIONS = ("p2.reasons",)
MODULE = "optimizers"


REASONS = {**REASONS, "resnet": REASONS["resnet"] | {"momentum_replaces_warmup"}}
