"""The reserve is not taken off the capacity."""

QUESTIONS = ("p4.memory",)
MODULE = "network"


def largest_batch(per_sample, state, capacity_bytes, reserve_bytes=0):
    return max(0, int((capacity_bytes - state) // per_sample))
