"""Positions and segments were counted for an encoder without a vocabulary. Without a vocabulary there are no
tables at all.
"""

QUESTIONS = ("p5.capacity",)
MODULE = "transformer"

_right_count = encoder_parameters


def encoder_parameters(layers, d_model, num_heads, d_ff, **extra):
    right = _right_count(layers, d_model, num_heads, d_ff, **extra)
    if not extra.get("vocabulary"):
        return right + (extra.get("positions", 0) + extra.get("segments", 0)) * d_model
    return right
