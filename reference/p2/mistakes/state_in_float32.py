"""The averages are kept in single precision, so the result is wrong from the seventh digit on. torch.zeros
makes float32; zeros_like keeps the dtype.
"""

QUESTIONS = ("p2.updates",)
MODULE = "optimizers"


def _adam_direction(grad, state, betas, eps, bias_correction):
    beta1, beta2 = betas
    state["t"] = t = state.get("t", 0) + 1
    state["m"] = mean = (beta1 * state.get("m", 0.0) + (1 - beta1) * grad).float()
    state["v"] = square = (beta2 * state.get("v", 0.0) + (1 - beta2) * grad * grad).float()
    if bias_correction == "both":
        mean = mean / (1 - beta1**t)
    if bias_correction in ("both", "second"):
        square = square / (1 - beta2**t)
    return mean / (square.sqrt() + eps)
