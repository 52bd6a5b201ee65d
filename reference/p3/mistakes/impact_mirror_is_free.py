"""Mirrors were called harmless. Mirrored digits are no digits, and the labels that they keep are wrong."""

QUESTIONS = ("p3.impact",)
MODULE = "overfitting"


IMPACT = IMPACT | {"mirror": "no_clear_effect", "any_rotation": "no_clear_effect"}
