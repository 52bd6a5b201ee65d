"""The shards did not depend on the seed: two trainings deal alike."""

QUESTIONS = ("p4.distributed",)
MODULE = "training"


def shard(n, world, rank, epoch, seed):
    if not 0 <= rank < world:
        raise ValueError(f"rank {rank} of {world}")
    generator = torch.Generator().manual_seed(epoch)
    return torch.randperm(n, generator=generator)[rank::world].tolist()
