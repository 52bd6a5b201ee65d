"""AdamW shrinks the weight as it is after the step. The shrinking is reckoned from the weight before it."""

QUESTIONS = ("p2.updates",)
MODULE = "optimizers"


def adamw_step(
    p, grad, state, *, lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01, bias_correction="both"
):
    step = lr * _adam_direction(grad, state, betas, eps, bias_correction)
    return (p - step) * (1 - lr * weight_decay)
