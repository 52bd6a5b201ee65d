"""Each image is zoomed and moved by amounts of its own, but one turn serves the whole batch. Every amount
has to be drawn for every image.
"""

QUESTIONS = ("p3.recipe",)
MODULE = "overfitting"


def jitter(images, generator):
    count = len(images)

    def amount(limit, *more):
        return limit * (2 * torch.rand(count, *more, generator=generator) - 1)

    return warp(images, amount(20.0)[:1].expand(count), 1 + amount(0.15), amount(0.1, 2))
