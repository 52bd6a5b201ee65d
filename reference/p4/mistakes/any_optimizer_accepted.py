"""An optimizer that is not known is taken for plain SGD. Such a name, or one in capitals, is a ValueError."""

QUESTIONS = ("p4.memory",)
MODULE = "network"


_right_state_bytes = state_bytes


def state_bytes(n_params, optimizer, autocast):
    if optimizer not in ("sgd", "sgd_momentum", "adamw"):
        optimizer = "sgd"
    return _right_state_bytes(n_params, optimizer, autocast)
