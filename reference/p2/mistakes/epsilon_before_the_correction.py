"""eps is added to the root before the squares are corrected, so that the correction scales it too. It is
added last.
"""

QUESTIONS = ("p2.updates",)
MODULE = "optimizers"


def _adam_direction(grad, state, betas, eps, bias_correction):
    beta1, beta2 = betas
    state["t"] = t = state.get("t", 0) + 1
    state["m"] = mean = beta1 * state.get("m", 0.0) + (1 - beta1) * grad
    state["v"] = square = beta2 * state.get("v", 0.0) + (1 - beta2) * grad * grad
    first = 1 - beta1**t if bias_correction == "both" else 1.0
    second = 1 - beta2**t if bias_correction != "none" else 1.0
    return mean / first / ((square.sqrt() + eps) / math.sqrt(second))
