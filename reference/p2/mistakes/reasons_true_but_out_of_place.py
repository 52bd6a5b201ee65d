"""Reasons are given that are true somewhere else: no part of this ResNet was pre-trained, and nobody looks
at its validation loss to set the rate. Ask of each reason what in the scenario it speaks of.
"""

QUESTIONS = ("p2.reasons",)
MODULE = "optimizers"


REASONS = {**REASONS, "resnet": REASONS["resnet"] | {"matches_pretraining", "rate_follows_validation"}}
