"""The tables of tokens, positions and segments and the norm on their sum are missing. In a model of this size
they are a fifth of all parameters.
"""

QUESTIONS = ("p5.capacity",)
MODULE = "transformer"

_right_count = encoder_parameters


def encoder_parameters(layers, d_model, num_heads, d_ff, **extra):
    return _right_count(layers, d_model, num_heads, d_ff, pooler=extra.get("pooler", False))
