"""With bias_correction="second" the average of the gradients is corrected and that of the squares is not:
the second average is the one of the squares.
"""

QUESTIONS = ("p2.updates",)
MODULE = "optimizers"


def _adam_direction(grad, state, betas, eps, bias_correction):
    beta1, beta2 = betas
    state["t"] = t = state.get("t", 0) + 1
    state["m"] = mean = beta1 * state.get("m", 0.0) + (1 - beta1) * grad
    state["v"] = square = beta2 * state.get("v", 0.0) + (1 - beta2) * grad * grad
    if bias_correction in ("both", "second"):
        mean = mean / (1 - beta1**t)
    if bias_correction == "both":
        square = square / (1 - beta2**t)
    return mean / (square.sqrt() + eps)
