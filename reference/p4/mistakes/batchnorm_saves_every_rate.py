"""BatchNorm was taken to make any rate harmless. Look at the loss of the first twenty steps."""

QUESTIONS = ("p4.stability",)
MODULE = "pipeline"


STABILITY = {**STABILITY, "high_rate": "trains"}
