"""The velocity is made anew at each step: what was kept in the state is not used."""

QUESTIONS = ("p2.updates",)
MODULE = "optimizers"


def sgd_step(p, grad, state, *, lr, momentum=0.0, nesterov=False, weight_decay=0.0):
    grad = grad + weight_decay * p
    if momentum and "velocity" in state:
        velocity = momentum * state["velocity"] + grad
        state["velocity"] = grad
        grad = grad + momentum * velocity if nesterov else velocity
    elif momentum:
        state["velocity"] = grad
        grad = grad + momentum * grad if nesterov else grad
    return p - lr * grad
