"""eps is added under the root. For gradients of its own size that makes a difference of several orders of
magnitude: it is added to the root.
"""

QUESTIONS = ("p2.updates",)
MODULE = "optimizers"


def _adam_direction(grad, state, betas, eps, bias_correction):
    beta1, beta2 = betas
    state["t"] = t = state.get("t", 0) + 1
    state["m"] = mean = beta1 * state.get("m", 0.0) + (1 - beta1) * grad
    state["v"] = square = beta2 * state.get("v", 0.0) + (1 - beta2) * grad * grad
    if bias_correction == "both":
        mean = mean / (1 - beta1**t)
    if bias_correction in ("both", "second"):
        square = square / (1 - beta2**t)
    return mean / (square + eps).sqrt()
