"""The forward pass runs without gradients, so autograd saves nothing, and nothing is what is counted."""

QUESTIONS = ("p4.memory",)
MODULE = "network"


_right_saved_bytes = _saved_bytes


def _saved_bytes(model, x, autocast_dtype):
    with torch.no_grad():
        return _right_saved_bytes(model, x, autocast_dtype)
