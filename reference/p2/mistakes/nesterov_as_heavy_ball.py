"""With nesterov the step goes along the velocity, as without it. Nesterov looks ahead: to the gradient
comes momentum times the new velocity.
"""

QUESTIONS = ("p2.updates",)
MODULE = "optimizers"


_right_sgd_step = sgd_step


def sgd_step(p, grad, state, *, lr, momentum=0.0, nesterov=False, weight_decay=0.0):
    return _right_sgd_step(p, grad, state, lr=lr, momentum=momentum, weight_decay=weight_decay)
