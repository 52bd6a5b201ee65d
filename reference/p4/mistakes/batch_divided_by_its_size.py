"""The memory of one batch is divided by its size. What does not grow with the batch is then shared out
among the samples; only a difference between two batches is free of it.
"""

QUESTIONS = ("p4.memory",)
MODULE = "network"


def saved_bytes_per_sample(model, make_batch, autocast_dtype=None):
    return _saved_bytes(model, make_batch(2), autocast_dtype) / 2
