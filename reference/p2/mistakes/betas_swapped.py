"""The two betas are swapped: the first belongs to the average of the gradients, the second to that of
their squares.
"""

QUESTIONS = ("p2.updates",)
MODULE = "optimizers"


def _adam_direction(grad, state, betas, eps, bias_correction):
    beta2, beta1 = betas
    state["t"] = t = state.get("t", 0) + 1
    state["m"] = mean = beta1 * state.get("m", 0.0) + (1 - beta1) * grad
    state["v"] = square = beta2 * state.get("v", 0.0) + (1 - beta2) * grad * grad
    if bias_correction == "both":
        mean = mean / (1 - beta1**t)
    if bias_correction in ("both", "second"):
        square = square / (1 - beta2**t)
    return mean / (square.sqrt() + eps)
