"""Zero-init was taken to help everywhere. Its blocks begin as nothing and first have to grow: run both
kinds at the moderate rate and compare.
"""

QUESTIONS = ("p4.stability",)
MODULE = "pipeline"


STABILITY = {**STABILITY, "moderate_rate": "lags", "moderate_rate_zero_init": "trains"}
