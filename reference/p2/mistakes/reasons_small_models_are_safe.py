"""Ten thousand parameters are called too few to overfit. There are five thousand rows: each row has two
parameters to be learned by heart with.
"""

QUESTIONS = ("p2.reasons",)
MODULE = "optimizers"


REASONS = {**REASONS, "mlp": REASONS["mlp"] | {"small_model_cannot_overfit"}}
