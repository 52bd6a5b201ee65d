"""The rows were dealt once, and the same parts go round among the ranks. Two rows that meet once then meet in
every epoch, and batches are always made of the same rows: draw the order of all rows anew.
"""

QUESTIONS = ("p4.distributed",)
MODULE = "training"


def shard(n, world, rank, epoch, seed):
    if not 0 <= rank < world:
        raise ValueError(f"rank {rank} of {world}")
    part = np.random.default_rng(seed).permutation(n)[(rank + epoch) % world :: world]
    return np.random.default_rng([seed, epoch]).permutation(part).tolist()
