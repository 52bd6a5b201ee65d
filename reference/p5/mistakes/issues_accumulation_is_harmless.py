"""Accumulated gradients are taken for harmless, perhaps because Adam is indifferent to a gradient's
scale. Their sum points where the first batches pointed; only BatchNorm keeps such a net alive.
"""

QUESTIONS = ("p5.issues",)
MODULE = "debugging"


ISSUES = ISSUES | {"no_zero_grad": {"where": "loop", "effect": "harmless"}}
