"""The batch is rounded up to the next whole number. The sample that fits only in part does not fit."""

QUESTIONS = ("p4.memory",)
MODULE = "network"


def largest_batch(per_sample, state, capacity_bytes, reserve_bytes=0):
    return max(0, -int(-(capacity_bytes - reserve_bytes - state) // per_sample))
