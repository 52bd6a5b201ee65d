"""Zero-init was taken to make no difference at the high rate. Run it with and without."""

QUESTIONS = ("p4.stability",)
MODULE = "pipeline"


STABILITY = {**STABILITY, "high_rate_zero_init": "blows_up"}
