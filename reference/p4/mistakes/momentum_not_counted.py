"""SGD with momentum is counted like SGD without. The momentum is one number for each parameter."""

QUESTIONS = ("p4.memory",)
MODULE = "network"


_right_state_bytes = state_bytes


def state_bytes(n_params, optimizer, autocast):
    right = _right_state_bytes(n_params, optimizer, autocast)
    return right - (4 * n_params if optimizer == "sgd_momentum" else 0)
