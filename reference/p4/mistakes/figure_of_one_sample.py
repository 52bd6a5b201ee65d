"""The memory of a batch of one is taken for the memory per sample. It holds everything besides that does
not grow with the batch: under autocast copies of all weights.
"""

QUESTIONS = ("p4.memory",)
MODULE = "network"


def saved_bytes_per_sample(model, make_batch, autocast_dtype=None):
    if any(isinstance(module, nn.BatchNorm1d) for module in model.modules()):
        return _saved_bytes(model, make_batch(2), autocast_dtype) / 2
    return float(_saved_bytes(model, make_batch(1), autocast_dtype))
