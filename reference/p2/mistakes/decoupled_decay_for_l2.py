"""Adam's decay shrinks the weight directly here. In Adam it is an L2 term: it joins the gradient before
the averages. What is described is AdamW.
"""

QUESTIONS = ("p2.updates",)
MODULE = "optimizers"


def adam_step(p, grad, state, *, lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0, bias_correction="both"):
    return p - lr * weight_decay * p - lr * _adam_direction(grad, state, betas, eps, bias_correction)
