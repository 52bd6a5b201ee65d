"""The training images are changed where they lie: noise is added to them in place, and whoever handed
them over finds others. Change a copy, or the batch.
"""

QUESTIONS = ("p4.train",)
MODULE = "captioner"

_on_clean_images = train


def train(images: Tensor, captions: Tensor, seed: int, steps: int = 400) -> nn.Module:
    images += 0.02 * torch.randn(images.shape, generator=Generator().manual_seed(seed))
    return _on_clean_images(images, captions, seed, steps)
