"""AdamW's shrinking is not multiplied by the learning rate. Weights of a run with a small rate would be
gone within some hundred steps.
"""

QUESTIONS = ("p2.updates",)
MODULE = "optimizers"


def adamw_step(
    p, grad, state, *, lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01, bias_correction="both"
):
    step = lr * _adam_direction(grad, state, betas, eps, bias_correction)
    return p - weight_decay * p - step
