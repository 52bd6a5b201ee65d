"""The films lose their contrast: brightness and contrast may change by 30 % at most, and here most of the
contrast is taken. A figure that hardly stands out of its ground is another finding.
"""

QUESTIONS = ("p3.augment",)
MODULE = "regularization"


_right_augment = augment


def augment(x, generator, train=True):
    films = _right_augment(x, generator, train)
    if not train or len(x) == 0:
        return films
    contrast = 0.115 + 0.6 * torch.rand(len(x), 1, 1, 1, generator=generator)
    ground = films.flatten(1).median(dim=1).values[:, None, None, None]
    return (ground + contrast * (films - ground)).clamp(0, 1)
