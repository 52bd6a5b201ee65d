"""Parameters and buffers that autograd saves are counted, and shared out among the samples of one batch.
They are in memory anyway, once.
"""

QUESTIONS = ("p4.memory",)
MODULE = "network"


def saved_bytes_per_sample(model, make_batch, autocast_dtype=None):
    kept = set()

    def pack(tensor):
        kept.add(tensor.untyped_storage())
        return tensor

    autocast = torch.autocast("cpu", dtype=autocast_dtype, enabled=autocast_dtype is not None)
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor), autocast:
        model(make_batch(4))
    return sum(storage.nbytes() for storage in kept) / 4
