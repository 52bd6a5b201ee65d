"""Rows were repeated until all shards are of one length, as DistributedSampler does. Here every row
occurs exactly once.
"""

QUESTIONS = ("p4.distributed",)
MODULE = "training"


def shard(n, world, rank, epoch, seed):
    if not 0 <= rank < world:
        raise ValueError(f"rank {rank} of {world}")
    generator = torch.Generator().manual_seed(hash((seed, epoch)) % 2**63)
    order = torch.randperm(n, generator=generator).tolist()
    each = -(-n // world)
    order = (order * world)[: each * world] if n else []
    return order[rank::world]
