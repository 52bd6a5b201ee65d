"""Each rank shuffled rows that were always its own. Then no rank ever sees the others' rows: shuffle all
rows first, and deal afterwards.
"""

QUESTIONS = ("p4.distributed",)
MODULE = "training"


def shard(n, world, rank, epoch, seed):
    if not 0 <= rank < world:
        raise ValueError(f"rank {rank} of {world}")
    generator = torch.Generator().manual_seed(hash((seed, epoch)) % 2**63)
    mine = torch.arange(n)[rank::world]
    return mine[torch.randperm(len(mine), generator=generator)].tolist()
