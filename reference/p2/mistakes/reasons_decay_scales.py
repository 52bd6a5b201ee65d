"""The weight decay is said to grow with the batch. It is the learning rate that does."""

QUESTIONS = ("p2.reasons",)
MODULE = "optimizers"


REASONS = {**REASONS, "resnet": REASONS["resnet"] | {"scale_decay_with_batch"}}
