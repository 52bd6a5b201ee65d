"""One of the reasons is a common belief that is false: adaptive step sizes do not free anybody from
choosing a learning rate, they only make one rate fit all parameters. At 0.1 Adam fails on most networks.
"""

QUESTIONS = ("p1.reasons",)
MODULE = "optimizer_choice"


REASONS = {**REASONS, "prototype": {"adam_needs_no_learning_rate", "defaults_work_untuned"}}
