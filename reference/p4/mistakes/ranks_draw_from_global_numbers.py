"""The order came from the global random numbers. Each rank is at another place in them, so the ranks do
not agree.
"""

QUESTIONS = ("p4.distributed",)
MODULE = "training"


def shard(n, world, rank, epoch, seed):
    if not 0 <= rank < world:
        raise ValueError(f"rank {rank} of {world}")
    return torch.randperm(n)[rank::world].tolist()
