"""The number of heads changed the count. Heads share the width: each works on d_model / heads of the
features, so all heads together have the four d_model x d_model projections of one.
"""

QUESTIONS = ("p5.capacity",)
MODULE = "transformer"

_right_count = encoder_parameters


def encoder_parameters(layers, d_model, num_heads, d_ff, **extra):
    right = _right_count(layers, d_model, num_heads, d_ff, **extra)
    return right + layers * 4 * (num_heads - 1) * (d_model * d_model + d_model)
