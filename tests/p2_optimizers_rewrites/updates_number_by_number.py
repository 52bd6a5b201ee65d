"""A correct answer in another style: plain Python numbers, one entry of the tensor after the other."""

# ruff: noqa: F821
# It is appended to the reference module, whose names it uses.

QUESTIONS = ("p2.updates",)
MODULE = "optimizers"


def _entrywise(one, p, grad, state, *settings):
    kept = state.setdefault("entries", [{} for _ in range(p.numel())])
    entries = zip(p.flatten().tolist(), grad.flatten().tolist(), kept, strict=True)
    return torch.tensor([one(x, g, s, *settings) for x, g, s in entries], dtype=p.dtype).reshape(p.shape)


def _sgd(x, g, s, lr, momentum, nesterov, weight_decay):
    g += weight_decay * x
    s["v"] = g + momentum * s.get("v", 0.0)
    return x - lr * (g + momentum * s["v"] if nesterov else s["v"])


def _adam(x, g, s, lr, betas, eps, weight_decay, bias_correction, decoupled):
    shrink = lr * weight_decay * x if decoupled else 0.0
    g += 0.0 if decoupled else weight_decay * x
    s["t"] = s.get("t", 0) + 1
    s["m"] = betas[0] * s.get("m", 0.0) + (1 - betas[0]) * g
    s["v"] = betas[1] * s.get("v", 0.0) + (1 - betas[1]) * g**2
    m = s["m"] / (1 - betas[0] ** s["t"]) if bias_correction == "both" else s["m"]
    v = s["v"] if bias_correction == "none" else s["v"] / (1 - betas[1] ** s["t"])
    return x - shrink - lr * m / (v**0.5 + eps)


def sgd_step(p, grad, state, *, lr, momentum=0.0, nesterov=False, weight_decay=0.0):
    return _entrywise(_sgd, p, grad, state, lr, momentum, nesterov, weight_decay)


def adam_step(p, grad, state, *, lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0, bias_correction="both"):
    return _entrywise(_adam, p, grad, state, lr, betas, eps, weight_decay, bias_correction, False)


def adamw_step(
    p, grad, state, *, lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01, bias_correction="both"
):
    return _entrywise(_adam, p, grad, state, lr, betas, eps, weight_decay, bias_correction, True)
