"""The gradients are missing from the state: four bytes for each parameter, with autocast too."""

QUESTIONS = ("p4.memory",)
MODULE = "network"


_right_state_bytes = state_bytes


def state_bytes(n_params, optimizer, autocast):
    right = _right_state_bytes(n_params, optimizer, autocast)
    return right - 4 * n_params
