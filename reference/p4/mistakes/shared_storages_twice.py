"""A storage that two layers need is counted twice. The output of a ReLU that the next layer saves as its
input is in memory once.
"""

QUESTIONS = ("p4.memory",)
MODULE = "network"


def _saved_bytes(model, x, autocast_dtype):
    kept = []

    def pack(tensor):
        kept.append(tensor.untyped_storage())
        return tensor

    autocast = torch.autocast("cpu", dtype=autocast_dtype, enabled=autocast_dtype is not None)
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor), autocast:
        model(x)
    return sum(storage.nbytes() for storage in kept)
