"""Adam is said to beat SGD on every problem. The ResNet's recipe is one of the examples against it."""

QUESTIONS = ("p2.reasons",)
MODULE = "optimizers"


REASONS = {**REASONS, "bert": REASONS["bert"] | {"adam_beats_sgd_always"}}
