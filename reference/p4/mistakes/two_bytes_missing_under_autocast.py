"""Under autocast two bytes for each parameter are missing. Gradients have the type of their parameters,
which stay in float32, and the 16-bit copies that the forward pass makes come on top.
"""

QUESTIONS = ("p4.memory",)
MODULE = "network"


_right_state_bytes = state_bytes


def state_bytes(n_params, optimizer, autocast):
    right = _right_state_bytes(n_params, optimizer, autocast)
    return right - (2 * n_params if autocast else 0)
