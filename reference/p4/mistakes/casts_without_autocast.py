"""The 16-bit copies of the parameters are counted without autocast too, where there are none."""

QUESTIONS = ("p4.memory",)
MODULE = "network"


_right_state_bytes = state_bytes


def state_bytes(n_params, optimizer, autocast):
    right = _right_state_bytes(n_params, optimizer, autocast)
    return right + (0 if autocast else 2 * n_params)
