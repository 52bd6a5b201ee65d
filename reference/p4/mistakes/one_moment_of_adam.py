"""Adam is counted with one number for each parameter. It keeps two, the mean of the gradients and that of
their squares.
"""

QUESTIONS = ("p4.memory",)
MODULE = "network"


_right_state_bytes = state_bytes


def state_bytes(n_params, optimizer, autocast):
    right = _right_state_bytes(n_params, optimizer, autocast)
    return right - (4 * n_params if optimizer == "adamw" else 0)
