"""The velocity holds steps, with the learning rate in them. As long as the rate is constant nothing shows;
when a schedule changes it, old steps keep the old rate.
"""

QUESTIONS = ("p2.updates",)
MODULE = "optimizers"


def sgd_step(p, grad, state, *, lr, momentum=0.0, nesterov=False, weight_decay=0.0):
    grad = grad + weight_decay * p
    if not momentum:
        return p - lr * grad
    velocity = state["velocity"] = momentum * state.get("velocity", 0.0) + lr * grad
    return p - (lr * grad + momentum * velocity if nesterov else velocity)
