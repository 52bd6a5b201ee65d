"""eps is added under the root. For gradients of its own size that makes a difference of several orders of
magnitude: it is added to the root.
"""

QUESTIONS = ("p2.gpu_adamw",)
MODULE = "gpu"


def make_adamw(p, grad, *, lr, betas, eps, weight_decay, bias_correction):
    mean, square, steps = torch.zeros_like(p), torch.zeros_like(p), [0]

    def step():
        steps[0] += 1
        mean.lerp_(grad, 1 - betas[0])
        square.mul_(betas[1]).addcmul_(grad, grad, value=1 - betas[1])
        first = 1 - betas[0] ** steps[0] if bias_correction == "both" else 1.0
        second = 1 - betas[1] ** steps[0] if bias_correction != "none" else 1.0
        p.mul_(1 - lr * weight_decay)
        p.addcdiv_(mean, (square / second).add_(eps).sqrt_(), value=-lr / first)

    return step
