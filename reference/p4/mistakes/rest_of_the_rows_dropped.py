"""Rows were dropped until all shards are of one length. Here every row occurs exactly once, and some
ranks have one more.
"""

QUESTIONS = ("p4.distributed",)
MODULE = "training"


def shard(n, world, rank, epoch, seed):
    if not 0 <= rank < world:
        raise ValueError(f"rank {rank} of {world}")
    generator = torch.Generator().manual_seed(hash((seed, epoch)) % 2**63)
    return torch.randperm(n, generator=generator)[: n // world * world][rank::world].tolist()
