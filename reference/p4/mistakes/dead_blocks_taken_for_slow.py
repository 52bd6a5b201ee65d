"""Without shortcuts a block that begins as zero gives zero, and zero gives it no gradient. Nothing behind
it ever learns: that is not slow.
"""

QUESTIONS = ("p4.stability",)
MODULE = "pipeline"


STABILITY = {**STABILITY, "zero_init_without_shortcuts": "lags"}
