"""Under autocast weights and gradients are counted with two bytes each and nothing besides. Autocast casts
copies for the forward pass; parameters and gradients stay in float32.
"""

QUESTIONS = ("p4.memory",)
MODULE = "network"


_right_state_bytes = state_bytes


def state_bytes(n_params, optimizer, autocast):
    right = _right_state_bytes(n_params, optimizer, autocast)
    return right - (6 * n_params if autocast else 0)
