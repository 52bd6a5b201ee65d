"""A correct answer in another style: everything in place, the corrections pulled out of the averages."""

# ruff: noqa: F821
# It is appended to the reference module, whose names it uses.

QUESTIONS = ("p2.updates",)
MODULE = "optimizers"


def sgd_step(p, grad, state, *, lr, momentum=0.0, nesterov=False, weight_decay=0.0):
    grad.add_(p, alpha=weight_decay)
    if momentum:
        if "momentum_buffer" not in state:
            state["momentum_buffer"] = grad.clone()
        else:
            state["momentum_buffer"].mul_(momentum).add_(grad)
        if nesterov:
            grad.add_(state["momentum_buffer"], alpha=momentum)
        else:
            grad.copy_(state["momentum_buffer"])
    return p.add_(grad, alpha=-lr)


def _adams(p, grad, state, lr, betas, eps, bias_correction):
    if not state:
        state["step"] = 0
        state["exp_avg"] = torch.zeros_like(p)
        state["exp_avg_sq"] = torch.zeros_like(p)
    state["step"] += 1
    state["exp_avg"].lerp_(grad, 1 - betas[0])
    state["exp_avg_sq"].mul_(betas[1]).addcmul_(grad, grad, value=1 - betas[1])
    first = 1 - betas[0] ** state["step"] if bias_correction == "both" else 1.0
    second = 1 - betas[1] ** state["step"] if bias_correction != "none" else 1.0
    denominator = (state["exp_avg_sq"].sqrt() / math.sqrt(second)).add_(eps)
    return p.addcdiv_(state["exp_avg"], denominator, value=-lr / first)


def adam_step(p, grad, state, *, lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0, bias_correction="both"):
    return _adams(p, grad.add_(p, alpha=weight_decay), state, lr, betas, eps, bias_correction)


def adamw_step(
    p, grad, state, *, lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01, bias_correction="both"
):
    p.mul_(1 - lr * weight_decay)
    return _adams(p, grad, state, lr, betas, eps, bias_correction)
