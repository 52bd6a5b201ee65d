"""One of the reasons is false: a decaying rate is not praised for leading to sharp minima. What is often
claimed is the opposite, that noisy SGD ends in flat ones.
"""

QUESTIONS = ("p1.reasons",)
MODULE = "optimizer_choice"


REASONS = {**REASONS, "production": REASONS["production"] | {"decay_seeks_sharp_minimum"}}
