"""The loss was looked at only in the end. The first rule that holds counts: what was the highest loss on
the way?
"""

QUESTIONS = ("p4.stability",)
MODULE = "pipeline"


STABILITY = {**STABILITY, "high_rate": "lags"}
