"""Every epoch had the same shards, as with DistributedSampler without set_epoch. The draw has to depend
on the epoch.
"""

QUESTIONS = ("p4.distributed",)
MODULE = "training"


def shard(n, world, rank, epoch, seed):
    if not 0 <= rank < world:
        raise ValueError(f"rank {rank} of {world}")
    generator = torch.Generator().manual_seed(seed)
    return torch.randperm(n, generator=generator)[rank::world].tolist()
