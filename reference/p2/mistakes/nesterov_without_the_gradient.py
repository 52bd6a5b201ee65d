"""With nesterov the step goes along momentum times the velocity, and the gradient itself is missing from
the sum.
"""

QUESTIONS = ("p2.updates",)
MODULE = "optimizers"


def sgd_step(p, grad, state, *, lr, momentum=0.0, nesterov=False, weight_decay=0.0):
    grad = grad + weight_decay * p
    if momentum:
        velocity = state["velocity"] = momentum * state.get("velocity", 0.0) + grad
        grad = momentum * velocity if nesterov else velocity
    return p - lr * grad
