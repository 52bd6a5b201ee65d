"""Attention was counted with three projections. Query, key and value are followed by a fourth one that mixes
the heads' outputs.
"""

QUESTIONS = ("p5.capacity",)
MODULE = "transformer"

_right_count = encoder_parameters


def encoder_parameters(layers, d_model, num_heads, d_ff, **extra):
    right = _right_count(layers, d_model, num_heads, d_ff, **extra)
    return right - layers * (d_model * d_model + d_model)
