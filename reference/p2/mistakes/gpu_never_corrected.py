"""Neither average is corrected for having begun at zero, whatever is asked for. `bias_correction` says
which are.
"""

QUESTIONS = ("p2.gpu_adamw",)
MODULE = "gpu"

_make_adamw = make_adamw


def make_adamw(p, grad, *, lr, betas, eps, weight_decay, bias_correction):
    rule = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay}
    return _make_adamw(p, grad, **rule, bias_correction="none")
