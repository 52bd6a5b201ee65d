"""A batch that needs all of the capacity is not accepted. It fits: nothing has to stay free but the
reserve.
"""

QUESTIONS = ("p4.memory",)
MODULE = "network"


def largest_batch(per_sample, state, capacity_bytes, reserve_bytes=0):
    return max(0, int((capacity_bytes - reserve_bytes - state - 0.125) // per_sample))
