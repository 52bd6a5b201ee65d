"""Only the largest of the saved tensors is counted. All of them are in memory at the same time, when the
backward pass begins: it is their sum that has to fit.
"""

QUESTIONS = ("p4.memory",)
MODULE = "network"


def _saved_bytes(model, x, autocast_dtype):
    own = {tensor.untyped_storage() for tensor in (*model.parameters(), *model.buffers())}
    kept = set()

    def pack(tensor):
        kept.add(tensor.untyped_storage())
        return tensor

    autocast = torch.autocast("cpu", dtype=autocast_dtype, enabled=autocast_dtype is not None)
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor), autocast:
        model(x)
    return max((storage.nbytes() for storage in kept - own), default=0)
