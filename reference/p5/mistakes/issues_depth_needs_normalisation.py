"""A net of this depth is said to need BatchNorm and its own initial weights. At a sound rate, with
ReLU and cleared gradients, it reaches the same accuracy without either.
"""

QUESTIONS = ("p5.issues",)
MODULE = "debugging"


ISSUES = ISSUES | {
    "no_normalisation": {"where": "model", "effect": "stops"},
    "default_init": {"where": "model", "effect": "slows"},
}
