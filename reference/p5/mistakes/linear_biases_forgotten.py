"""The biases of the projections and of the feed-forward net are missing from the count."""

QUESTIONS = ("p5.capacity",)
MODULE = "transformer"

_right_count = encoder_parameters


def encoder_parameters(layers, d_model, num_heads, d_ff, **extra):
    right = _right_count(layers, d_model, num_heads, d_ff, **extra)
    return right - layers * (4 * d_model + d_ff + d_model)
