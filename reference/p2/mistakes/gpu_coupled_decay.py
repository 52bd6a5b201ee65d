"""The decay joins the gradient, as in Adam with an L2 term. In AdamW it acts on the weights alone, by lr *
weight_decay of them.
"""

QUESTIONS = ("p2.gpu_adamw",)
MODULE = "gpu"


def make_adamw(p, grad, *, lr, betas, eps, weight_decay, bias_correction):
    mean, square, steps = torch.zeros_like(p), torch.zeros_like(p), [0]

    def step():
        steps[0] += 1
        decayed = grad + weight_decay * p
        mean.lerp_(decayed, 1 - betas[0])
        square.mul_(betas[1]).addcmul_(decayed, decayed, value=1 - betas[1])
        first = 1 - betas[0] ** steps[0] if bias_correction == "both" else 1.0
        second = 1 - betas[1] ** steps[0] if bias_correction != "none" else 1.0
        p.addcdiv_(mean, (square / second).sqrt().add_(eps), value=-lr / first)

    return step
