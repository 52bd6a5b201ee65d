"""With momentum every step is Nesterov's, also where it is not asked: plain momentum goes along the
velocity.
"""

QUESTIONS = ("p2.updates",)
MODULE = "optimizers"


def sgd_step(p, grad, state, *, lr, momentum=0.0, nesterov=False, weight_decay=0.0):
    grad = grad + weight_decay * p
    if momentum:
        velocity = state["velocity"] = momentum * state.get("velocity", 0.0) + grad
        grad = grad + momentum * velocity
    return p - lr * grad
