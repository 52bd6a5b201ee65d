"""A correct answer in another style: NumPy arrays, and a state of tuples and running products of betas."""

# ruff: noqa: F821
# It is appended to the reference module, whose names it uses.

import numpy as np

QUESTIONS = ("p2.updates",)
MODULE = "optimizers"


def sgd_step(p, grad, state, *, lr, momentum=0.0, nesterov=False, weight_decay=0.0):
    p, grad = p.numpy(), grad.numpy()
    total = grad + p * weight_decay
    state["v"] = state["v"] * momentum + total if "v" in state else total
    along = total + momentum * state["v"] if nesterov else state["v"] if momentum else total
    return torch.from_numpy(np.asarray(p - along * lr))


def _adams(p, grad, state, lr, betas, eps, correction, decoupled):
    b1, b2 = betas
    mean, square, p1, p2 = state.get("all", (0.0, 0.0, 1.0, 1.0))
    mean, square, p1, p2 = mean + (1 - b1) * (grad - mean), square * b2 + grad**2 * (1 - b2), p1 * b1, p2 * b2
    state["all"] = (mean, square, p1, p2)
    top = mean / (1.0 - p1) if correction == "both" else mean
    below = np.sqrt(square if correction == "none" else square / (1.0 - p2)) + eps
    return np.asarray(p - lr * (top / below + decoupled * p))


def adam_step(p, grad, state, *, lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0, bias_correction="both"):
    p, grad = p.numpy(), grad.numpy()
    return _adams(p, grad + weight_decay * p, state, lr, betas, eps, bias_correction, 0.0)


def adamw_step(
    p, grad, state, *, lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01, bias_correction="both"
):
    return _adams(p.numpy(), grad.numpy(), state, lr, betas, eps, bias_correction, weight_decay)
