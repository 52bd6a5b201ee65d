"""A configuration that changes two things does not tell which of them cured the run. Change one field of
FAILING at a time.
"""

QUESTIONS = ("p5.cure",)
MODULE = "transformer"

CURE_A = replace(FAILING, norm="pre", lr=1e-3)
