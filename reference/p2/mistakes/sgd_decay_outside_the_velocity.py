"""SGD's weight decay shrinks the weight beside the step and never reaches the velocity. As an L2 term it
is part of the gradient, and the momentum carries it on.
"""

QUESTIONS = ("p2.updates",)
MODULE = "optimizers"


def sgd_step(p, grad, state, *, lr, momentum=0.0, nesterov=False, weight_decay=0.0):
    shrunk = lr * weight_decay * p
    if momentum:
        velocity = state["velocity"] = momentum * state.get("velocity", 0.0) + grad
        grad = grad + momentum * velocity if nesterov else velocity
    return p - shrunk - lr * grad
