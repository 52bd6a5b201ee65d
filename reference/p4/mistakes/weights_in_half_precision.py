"""Under autocast the weights are counted in 16 bits only. They stay in float32, and the 16-bit copies come
on top.
"""

QUESTIONS = ("p4.memory",)
MODULE = "network"


_right_state_bytes = state_bytes


def state_bytes(n_params, optimizer, autocast):
    right = _right_state_bytes(n_params, optimizer, autocast)
    return right - (4 * n_params if autocast else 0)
