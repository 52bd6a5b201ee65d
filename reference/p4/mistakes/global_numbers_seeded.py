"""The global random numbers were seeded for the draw. Dropout and augmentation of all that follows then
begin anew in every epoch: use a generator of your own.
"""

QUESTIONS = ("p4.distributed",)
MODULE = "training"


def shard(n, world, rank, epoch, seed):
    if not 0 <= rank < world:
        raise ValueError(f"rank {rank} of {world}")
    torch.manual_seed(hash((seed, epoch)) % 2**63)
    return torch.randperm(n)[rank::world].tolist()
