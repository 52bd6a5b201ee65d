"""A rank that does not exist was given rows. With a wrong number somewhere two processes then train on
the same ones: refuse it.
"""

QUESTIONS = ("p4.distributed",)
MODULE = "training"


def shard(n, world, rank, epoch, seed):
    rank = rank % world
    generator = torch.Generator().manual_seed(hash((seed, epoch)) % 2**63)
    return torch.randperm(n, generator=generator)[rank::world].tolist()
