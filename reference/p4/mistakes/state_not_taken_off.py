"""The state is not taken off the capacity: parameters, gradients and moments need room before the first
sample comes.
"""

QUESTIONS = ("p4.memory",)
MODULE = "network"


def largest_batch(per_sample, state, capacity_bytes, reserve_bytes=0):
    return max(0, int((capacity_bytes - reserve_bytes) // per_sample))
