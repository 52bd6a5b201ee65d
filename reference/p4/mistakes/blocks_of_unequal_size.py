"""The last rank took what was left over. Lengths may differ by one at most; all others wait for the
longest.
"""

QUESTIONS = ("p4.distributed",)
MODULE = "training"


def shard(n, world, rank, epoch, seed):
    if not 0 <= rank < world:
        raise ValueError(f"rank {rank} of {world}")
    generator = torch.Generator().manual_seed(hash((seed, epoch)) % 2**63)
    return torch.randperm(n, generator=generator)[
        n // world * rank : n if rank == world - 1 else n // world * (rank + 1)
    ].tolist()
