"""Where not even the state fits, the batch is negative. It is 0."""

QUESTIONS = ("p4.memory",)
MODULE = "network"


def largest_batch(per_sample, state, capacity_bytes, reserve_bytes=0):
    return int((capacity_bytes - reserve_bytes - state) // per_sample)
