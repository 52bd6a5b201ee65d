"""The first step is counted as number 0, so the corrections divide by 1 - beta to the power of 0, which is
0.
"""

QUESTIONS = ("p2.updates",)
MODULE = "optimizers"


def _adam_direction(grad, state, betas, eps, bias_correction):
    beta1, beta2 = betas
    t = state.get("t", 0)
    state["t"] = t + 1
    state["m"] = mean = beta1 * state.get("m", 0.0) + (1 - beta1) * grad
    state["v"] = square = beta2 * state.get("v", 0.0) + (1 - beta2) * grad * grad
    if bias_correction == "both":
        mean = mean / (1 - torch.tensor(beta1**t))
    if bias_correction in ("both", "second"):
        square = square / (1 - torch.tensor(beta2**t))
    return mean / (square.sqrt() + eps)
