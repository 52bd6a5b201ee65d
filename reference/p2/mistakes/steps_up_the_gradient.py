"""The step goes along the gradient: SGD climbs the loss. Down is against the gradient."""

QUESTIONS = ("p2.updates",)
MODULE = "optimizers"


_right_sgd_step = sgd_step


def sgd_step(p, grad, state, *, lr, **rest):
    return _right_sgd_step(p, grad, state, lr=-lr, **rest)
