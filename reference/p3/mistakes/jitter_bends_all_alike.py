"""One amount is drawn for the whole batch. Every image should be bent by its own: that is what multiplies
the data.
"""

QUESTIONS = ("p3.recipe",)
MODULE = "overfitting"


def jitter(images, generator):
    count = len(images)

    def amount(limit, *more):
        return limit * (2 * torch.rand(1, *more, generator=generator) - 1).expand(count, *more)

    return warp(images, amount(20.0), 1 + amount(0.15), amount(0.1, 2))
