"""Which rows a rank gets was worked out and not drawn. Whatever the step, rows that are neighbours then stay
apart for ever, or stay together: take the order from a generator.
"""

QUESTIONS = ("p4.distributed",)
MODULE = "training"


def shard(n, world, rank, epoch, seed):
    if not 0 <= rank < world:
        raise ValueError(f"rank {rank} of {world}")
    step = next(k for k in range(7 + 2 * epoch + seed % 97, 10**9) if math.gcd(k, max(n, 1)) == 1)
    return [(step * i + 13 * epoch) % n for i in range(rank, n, world)]
