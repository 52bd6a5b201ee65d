"""The capacity is taken for gibibytes, 7 % more than it is. A gigabyte is a thousand million bytes here."""

QUESTIONS = ("p4.memory",)
MODULE = "network"


def largest_batch(per_sample, state, capacity_bytes, reserve_bytes=0):
    return max(0, int((capacity_bytes * 1.024**3 - reserve_bytes - state) // per_sample))
