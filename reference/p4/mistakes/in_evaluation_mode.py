"""The network is counted in eval mode, where dropout keeps no masks. What is asked is the mode that it is
in.
"""

QUESTIONS = ("p4.memory",)
MODULE = "network"


def _saved_bytes(model, x, autocast_dtype):
    kept = set()

    def pack(tensor):
        kept.add(tensor.untyped_storage())
        return tensor

    training = model.training
    autocast = torch.autocast("cpu", dtype=autocast_dtype, enabled=autocast_dtype is not None)
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor), autocast:
        model.eval()(x)
    model.train(training)
    return sum(storage.nbytes() for storage in kept)
