"""Where not even one sample fits, a batch of one is promised. It is 0."""

QUESTIONS = ("p4.memory",)
MODULE = "network"


def largest_batch(per_sample, state, capacity_bytes, reserve_bytes=0):
    return max(1, int((capacity_bytes - reserve_bytes - state) // per_sample))
