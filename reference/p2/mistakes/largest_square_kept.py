"""The root is taken of the largest average of squares so far, as in AMSGrad. Plain Adam takes the present
one, which may fall.
"""

QUESTIONS = ("p2.updates",)
MODULE = "optimizers"


def _adam_direction(grad, state, betas, eps, bias_correction):
    beta1, beta2 = betas
    state["t"] = t = state.get("t", 0) + 1
    state["m"] = mean = beta1 * state.get("m", 0.0) + (1 - beta1) * grad
    state["v"] = square = beta2 * state.get("v", 0.0) + (1 - beta2) * grad * grad
    square = state["largest"] = torch.maximum(square, torch.as_tensor(state.get("largest", square)))
    if bias_correction == "both":
        mean = mean / (1 - beta1**t)
    if bias_correction in ("both", "second"):
        square = square / (1 - beta2**t)
    return mean / (square.sqrt() + eps)
