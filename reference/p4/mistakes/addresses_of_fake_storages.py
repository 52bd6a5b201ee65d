"""Storages are told apart by their addresses. Under FakeTensorMode all of them have the address 0 and are
taken for one.
"""

QUESTIONS = ("p4.memory",)
MODULE = "network"


def _saved_bytes(model, x, autocast_dtype):
    kept = {}

    def pack(tensor):
        kept[tensor.untyped_storage().data_ptr()] = tensor
        return tensor

    autocast = torch.autocast("cpu", dtype=autocast_dtype, enabled=autocast_dtype is not None)
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor), autocast:
        model(x)
    return sum(tensor.untyped_storage().nbytes() for tensor in kept.values())
