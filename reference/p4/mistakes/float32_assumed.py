"""Four bytes are counted for each number, whatever its type. Half of them is needed under autocast, and
eight for the places that a max pooling saves.
"""

QUESTIONS = ("p4.memory",)
MODULE = "network"


def _saved_bytes(model, x, autocast_dtype):
    kept = {}

    def pack(tensor):
        kept.setdefault(tensor.untyped_storage(), tensor)
        return tensor

    autocast = torch.autocast("cpu", dtype=autocast_dtype, enabled=autocast_dtype is not None)
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor), autocast:
        model(x)
    return sum(storage.nbytes() // tensor.element_size() * 4 for storage, tensor in kept.items())
