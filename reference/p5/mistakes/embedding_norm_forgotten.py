"""The LayerNorm on the sum of the embeddings is missing: one weight and one bias of d_model numbers."""

QUESTIONS = ("p5.capacity",)
MODULE = "transformer"

_right_count = encoder_parameters


def encoder_parameters(layers, d_model, num_heads, d_ff, **extra):
    right = _right_count(layers, d_model, num_heads, d_ff, **extra)
    return right - (2 * d_model if extra.get("vocabulary") else 0)
