"""Clipping was taken not to help SGD at a rate that is too high. Under SGD the step is as long as the
gradient, so a clipped gradient is a shorter step; only Adam does not mind.
"""

QUESTIONS = ("p4.stability",)
MODULE = "pipeline"


STABILITY = {**STABILITY, "high_rate_clipped": "blows_up"}
