"""Every step takes the gradient of the first: it was copied when the optimizer was made. The tensor `grad`
holds another one at each step, so its contents have to be read then.
"""

QUESTIONS = ("p2.gpu_adamw",)
MODULE = "gpu"

_make_adamw = make_adamw


def make_adamw(p, grad, **rule):
    kept = torch.empty_like(grad)
    taken = _make_adamw(p, kept, **rule)
    first = []

    def step():
        if not first:
            kept.copy_(grad)
            first.append(True)
        taken()

    return step
