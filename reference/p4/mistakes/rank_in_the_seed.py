"""Each rank drew an order of its own. The shards of different orders overlap, and some rows are in none:
the draw must not depend on the rank.
"""

QUESTIONS = ("p4.distributed",)
MODULE = "training"


def shard(n, world, rank, epoch, seed):
    if not 0 <= rank < world:
        raise ValueError(f"rank {rank} of {world}")
    generator = torch.Generator().manual_seed(hash((seed, epoch, rank)) % 2**63)
    return torch.randperm(n, generator=generator)[rank::world].tolist()
