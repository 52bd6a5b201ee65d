"""Seed and epoch were packed into one number of 64 bits, of which torch's generator reads 32: what stands in
the upper half is lost, and all seeds deal alike.
"""

QUESTIONS = ("p4.distributed",)
MODULE = "training"


def shard(n, world, rank, epoch, seed):
    if not 0 <= rank < world:
        raise ValueError(f"rank {rank} of {world}")
    generator = torch.Generator().manual_seed((seed << 32) + epoch)
    return torch.randperm(n, generator=generator)[rank::world].tolist()
