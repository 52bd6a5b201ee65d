"""The images are turned by any angle. A digit that stands on its head is another digit or none: a 6
becomes a 9, and the label stays a 6. Only changes that leave the label true multiply the data.
"""

QUESTIONS = ("p3.recipe", "p3.predict")
MODULE = "overfitting"


def jitter(images, generator):
    count = len(images)

    def amount(limit, *more):
        return limit * (2 * torch.rand(count, *more, generator=generator) - 1)

    return warp(images, amount(180.0), 1 + amount(0.15), amount(0.1, 2))
