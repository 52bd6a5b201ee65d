"""The averages use 0.9 and 0.999 whatever betas were given."""

QUESTIONS = ("p2.updates",)
MODULE = "optimizers"


def _adam_direction(grad, state, betas, eps, bias_correction):
    beta1, beta2 = 0.9, 0.999
    state["t"] = t = state.get("t", 0) + 1
    state["m"] = mean = beta1 * state.get("m", 0.0) + (1 - beta1) * grad
    state["v"] = square = beta2 * state.get("v", 0.0) + (1 - beta2) * grad * grad
    if bias_correction == "both":
        mean = mean / (1 - beta1**t)
    if bias_correction in ("both", "second"):
        square = square / (1 - beta2**t)
    return mean / (square.sqrt() + eps)
