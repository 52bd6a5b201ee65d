"""The input of the network is left out. The first layer saves it, and then it is in memory like everything
else that is saved.
"""

QUESTIONS = ("p4.memory",)
MODULE = "network"


def _saved_bytes(model, x, autocast_dtype):
    kept = set()

    def pack(tensor):
        kept.add(tensor.untyped_storage())
        return tensor

    autocast = torch.autocast("cpu", dtype=autocast_dtype, enabled=autocast_dtype is not None)
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor), autocast:
        model(x)
    return sum(storage.nbytes() for storage in kept - {x.untyped_storage()})
