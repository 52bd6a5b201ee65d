"""Of a storage only the part counts that the saved view shows, or more than there is where it repeats
itself. A view keeps its whole storage alive, and an expanded one has no more than that.
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
    return sum(tensor.numel() * tensor.element_size() for tensor in kept.values())
