"""The difference between two batches is returned as it is. They differ by more than one sample."""

QUESTIONS = ("p4.memory",)
MODULE = "network"


def saved_bytes_per_sample(model, make_batch, autocast_dtype=None):
    few, many = (_saved_bytes(model, make_batch(number), autocast_dtype) for number in (2, 4))
    return float(many - few)
