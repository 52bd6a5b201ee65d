"""A plateau schedule is said to need no validation set. The loss that it watches is the validation loss."""

QUESTIONS = ("p2.reasons",)
MODULE = "optimizers"


REASONS = {**REASONS, "mlp": REASONS["mlp"] | {"plateau_needs_no_validation_set"}}
