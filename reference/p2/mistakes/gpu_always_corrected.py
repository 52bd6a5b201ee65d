"""Both averages are corrected whatever is asked for, as torch's own AdamW does. `bias_correction` says which
are.
"""

QUESTIONS = ("p2.gpu_adamw",)
MODULE = "gpu"


def make_adamw(p, grad, *, lr, betas, eps, weight_decay, bias_correction):
    p.grad = grad
    return torch.optim.AdamW([p], lr=lr, betas=betas, eps=eps, weight_decay=weight_decay, fused=True).step
