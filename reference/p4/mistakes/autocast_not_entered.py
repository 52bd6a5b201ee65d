"""The forward pass does not run under autocast, whatever dtype is asked."""

QUESTIONS = ("p4.memory",)
MODULE = "network"


def _saved_bytes(model, x, autocast_dtype):
    kept = set()

    def pack(tensor):
        kept.add(tensor.untyped_storage())
        return tensor

    autocast = torch.autocast("cpu", enabled=False)
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor), autocast:
        model(x)
    return sum(storage.nbytes() for storage in kept)
