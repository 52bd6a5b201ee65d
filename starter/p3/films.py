"""Given with p3, not handed in: the films of four hospitals, Beta samples, and the words of the questions.

A grader uses its own copy of this file, so a change here changes nothing in a grade.
"""

from __future__ import annotations

from typing import TypedDict

import torch
from torch import Generator, Tensor

HOSPITALS = ("A", "B", "C", "D", "E")
FINDINGS = 10
_PUBLIC_SEED = 2026


def training_films(seed: int = _PUBLIC_SEED) -> tuple[Tensor, Tensor, Tensor]:
    """Films of hospitals A to D to try things on: 500 each of A, B and C, 100 of D, in random order.

    :return: images (1600, 1, 28, 28) float32 in [0, 1] (0 is black), findings (1600,) int64 in 0 .. 9, and
        hospitals (1600,) int64, 0 for A to 3 for D.
    """
    from grader.datasets import hospitals  # not there in a grader's worker, which is handed its films

    drawn = hospitals.films(hospitals.TRAINING, seed)
    return torch.from_numpy(drawn.images), torch.from_numpy(drawn.labels), torch.from_numpy(drawn.hospitals)


def sample_beta(alpha: float, size: int, generator: Generator) -> Tensor:
    """Draw from the Beta(alpha, alpha) distribution.

    torch's own Beta distribution takes no generator; this one does.

    :param alpha: above 0. At 1 every share is as likely; towards 0 nearly all samples lie near 0 or 1.
    :param size: number of samples.
    :return: (size,) float32 in [0, 1].
    :raises ValueError: alpha is not above 0.
    """
    if not alpha > 0:
        raise ValueError(f"Beta needs a parameter above 0, not {alpha}")
    gamma = torch._standard_gamma(torch.full((2, size), alpha, dtype=torch.float64), generator=generator)
    # A small alpha can draw two gammas that are both zero in double precision; the share is then a half.
    gamma = gamma.clamp_min(1e-300)
    return (gamma[0] / gamma.sum(dim=0)).float()


class Row(TypedDict):
    """One row of a training history; an accuracy is a share in [0, 1]."""

    epoch: int
    train_loss: float  # may be nan or inf
    train_acc: float
    val_loss: float  # may be nan; at least one row's is finite
    val_acc: float
    external_acc: float | None  # on a hospital kept out of training and validation; None: not measured


class Report(TypedDict):
    """One trained model in a table of results; an accuracy is a share in [0, 1]."""

    name: str
    trained_on: list[str]  # hospitals
    random_val: float  # accuracy on films drawn at random from those same hospitals, not trained on
    accuracy: dict[str, float]  # by hospital


# ---- Words of the closed questions, in alphabetical order --------------------------------------------------

KINDS = ("diverging", "healthy", "leak", "overfit", "underfit")

# A technique's setting is a number, or True for what is only done or not done.
TECHNIQUES = (
    "augmentation",  # True: films that are moved, turned a little, brightened
    "dropout",  # share of the features before the last layer that is dropped
    "early_stopping",  # patience in epochs; the weights of the best epoch are restored
    "label_smoothing",  # eps
    "lr_ratio",  # fine-tuning: the head's learning rate over that of the pretrained part
    "mirror",  # True: half of the films are mirrored left to right
    "mixup",  # alpha
    "pretrained",  # True: start from a network trained on other images
    "quarter_turns",  # True: films are turned by 0, 90, 180 or 270 degrees
    "train_longer",  # factor on the number of epochs
    "weight_decay",  # AdamW's weight decay
)

EFFECTS = (
    "keeps_good_weights",  # ends at or near weights that were good already: earlier ones or another task's
    "limits_confidence",  # changes the targets only, so that no probability has to reach 1
    "new_inputs",  # trains on images that are not in the data set
    "restrains_weights",  # leaves inputs and targets alone, and holds down what the weights can rely on
)
