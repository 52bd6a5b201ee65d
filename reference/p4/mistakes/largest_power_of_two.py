"""The batch is cut down to a power of two. The largest one that fits is asked."""

QUESTIONS = ("p4.memory",)
MODULE = "network"


def largest_batch(per_sample, state, capacity_bytes, reserve_bytes=0):
    fits = max(0, int((capacity_bytes - reserve_bytes - state) // per_sample))
    return 2 ** (fits.bit_length() - 1) if fits else 0
