"""Regularization that generalises: targets, splits, histories, calibration, augmentation, a new hospital.

The conventions stand in the docstrings, the reasons in the README; `given.py` and `films.py` are given.
"""

import math

import torch
from films import Report, Row, sample_beta
from given import SmallCNN, fit
from torch import Generator, Tensor, nn
from torch.nn import functional as F

# ---- p3.smoothing ------------------------------------------------------------------------------------------


def smooth(y: Tensor, K: int, eps: float) -> Tensor:
    """Return smoothed targets: the share eps of each row's weight is spread evenly over ALL K classes.

    Args:
        y: (N,) int64, classes 0 .. K - 1.
        K: number of classes, 2 or more.
        eps: from 0 (one-hot rows) to 1 (every entry 1/K).

    Returns: (N, K) float32, rows sum to 1.

    Example: y = [1], K = 4, eps = 0.2 gives [[0.05, 0.85, 0.05, 0.05]].
    """
    raise NotImplementedError("p3.smoothing")


def smoothed_ce(logits: Tensor, y: Tensor, eps: float) -> Tensor:
    """Return the cross-entropy between the targets of `smooth` and the logits' probabilities, in nats.

    Args:
        logits: (N, K), N at least 1, of any size: 10,000 is no reason for an infinite loss.
        y: (N,) int64, classes 0 .. K - 1.
        eps: as in `smooth`.

    Returns: a 0-d tensor, the mean over the N rows; it need not carry a gradient. torch's own
    ``label_smoothing`` may be used.

    Example: equal logits for 4 classes give ln 4 = 1.386294, whatever y and eps.
    """
    raise NotImplementedError("p3.smoothing")


def floor(K: int, eps: float) -> float:
    """Return the least value that `smoothed_ce` can take with K classes, over all logits.

    Args:
        K: number of classes, 2 or more.
        eps: from 0 (where nothing is smoothed and 0 is the limit) to 1.

    Example: K = 2 and eps = 0.5 give 0.562335.
    """
    raise NotImplementedError("p3.smoothing")


def possible(loss: float, K: int, eps: float) -> bool:
    """Return whether a reported loss can be a mean of `smoothed_ce`: it is at least `floor` - 1e-6.

    NaN is not possible.

    Example: a loss of 0.5 with K = 2 and eps = 0.5 is not possible, 0.6 is.
    """
    raise NotImplementedError("p3.smoothing")


# ---- p3.splits ---------------------------------------------------------------------------------------------


def held_out(hospitals: Tensor, val: int, test: int) -> tuple[Tensor, Tensor, Tensor]:
    """Split rows so that validation and test each have a hospital of their own.

    Args:
        hospitals: (N,) int64, the hospital's number of each row; any numbers, not only 0, 1, 2 ...
        val, test: the hospitals whose rows become the validation part and the test part.

    Returns: row numbers (int64 tensors, in any order) of the training part, the validation part and the test
    part.

    Raises ValueError if val and test are the same hospital, if one of them has no row, or if nothing is left
    to train on.

    Example: hospitals [5, 7, 5, 9], val 7, test 9 give [0, 2], [1], [3].
    """
    raise NotImplementedError("p3.splits")


def leave_one_out(hospitals: Tensor) -> list[tuple[int, Tensor, Tensor]]:
    """Cross-validation over hospitals: each of them is the test part once.

    Args:
        hospitals: (N,) int64, as in `held_out`.

    Returns: for every hospital, in ascending order of their numbers: (its number, row numbers of the training
    part, row numbers of the test part), row numbers as in `held_out`.

    Raises ValueError if there are fewer than two hospitals.

    Example: hospitals [5, 7, 5] give [(5, [1], [0, 2]), (7, [0, 2], [1])].
    """
    raise NotImplementedError("p3.splits")


# ---- p3.diagnose -------------------------------------------------------------------------------------------


def diagnose(history: list[Row], num_classes: int) -> dict[str, str | int | float]:
    """Read a training history.

    Args:
        history: rows in the order of time, one at least; their fields stand in films.Row. Epochs need not be
            consecutive. One validation loss at least is finite, the last row's among them; others may be NaN
            or infinite.
        num_classes: C, 2 or more.

    Returns a dict with the keys
        "kind": "diverging", "leak", "overfit", "underfit" or "healthy", by the table of the README;
        "best_epoch": the epoch with the least validation loss, the first if several have it; never a NaN;
        "gap": training accuracy minus validation accuracy in the last row;
        "chance_loss": the cross-entropy of guessing all C classes with the same probability, in nats.

    Example: the single row {epoch 3, train_loss 0.9, train_acc 0.7, val_loss 1.0, val_acc 0.65, external_acc
    None} with 4 classes is "healthy", best epoch 3, gap 0.05, chance loss 1.386294.
    """
    raise NotImplementedError("p3.diagnose")


# ---- p3.mixup ----------------------------------------------------------------------------------------------


def mixup(
    x: Tensor, y: Tensor, alpha: float, num_classes: int, generator: Generator
) -> tuple[Tensor, Tensor]:
    """Mix each row of a batch with another row of it, images and targets with the same shares.

    Row i becomes lam * row i + (1 - lam) * row p(i), where lam comes from `films.sample_beta` (one for the
    batch or one for each row) and p is a random permutation of the batch: every row is the partner of one
    row. max(lam, 1 - lam) will do for lam.

    Args:
        x: (N, ...) float32, not modified.
        y: (N,) int64, classes 0 .. num_classes - 1.
        alpha: parameter of the Beta distribution; 0: nothing is mixed.
        generator: the only source of randomness.

    Returns: mixed images like x, and targets (N, num_classes) float32.

    Example: with alpha = 0 the images come back as they are, and y = [2, 0] of 3 classes as
    [[0, 0, 1], [1, 0, 0]].
    """
    raise NotImplementedError("p3.mixup")


# ---- p3.calibration ----------------------------------------------------------------------------------------


def accuracy_by(logits: Tensor, labels: Tensor, groups: Tensor) -> dict[int, float]:
    """Return the accuracy within each group of rows, such as groups=hospitals, or groups=labels for classes.

    Args:
        logits: (N, K), no ties for the largest of a row. N may be 0.
        labels: (N,) int64, classes 0 .. K - 1.
        groups: (N,) int64, the number of each row's group; any numbers.

    Returns: group number (int) to the share of its rows that are classified right. A group without a row is
    left out.

    Example: right, wrong, right in groups 3, 3, 8 give {3: 0.5, 8: 1.0}.
    """
    raise NotImplementedError("p3.calibration")


def ece(probs: Tensor, labels: Tensor, bins: int = 15) -> float:
    """Return the expected calibration error: how far confidence and accuracy lie apart, bin by bin.

    A row's confidence is its largest probability. Bin k (k = 0 .. bins - 1) takes confidences in
    (k / bins, (k + 1) / bins], so that an upper end belongs to the bin below it. Each bin contributes
    |accuracy - mean confidence| of its rows, weighted with its share of all rows; empty bins contribute 0.

    Args:
        probs: (N, K), N at least 1, no ties for the largest of a row.
        labels: (N,) int64, classes 0 .. K - 1.
        bins: 1 or more. Confidences at an end are asked for only where rounding cannot move them: 1, 2 or 4
            bins, and the confidence 1.

    Example: one row with confidence 0.7 that is right, and two with 0.9 of which one is wrong, give
    1/3 * 0.3 + 2/3 * 0.4 = 0.366667.
    """
    raise NotImplementedError("p3.calibration")


# ---- p3.augment --------------------------------------------------------------------------------------------


def augment(x: Tensor, generator: Generator, train: bool = True) -> Tensor:
    """Return randomly changed copies of films, as another patient, operator or scanner might have given them.

    What is judged stands in the README: what is allowed, what destroys the label, and how strong a change is.

    Args:
        x: (N, 1, H, W) float32 in [0, 1], not modified; H = W, 28 or more. N may be 0.
        generator: the only source of randomness; every film draws its own changes.
        train: False returns the films unchanged; the same tensor will do.

    Returns: (N, 1, H, W) float32 in [0, 1].

    Example: two equal films in one batch come back as two different ones.
    """
    raise NotImplementedError("p3.augment")


# ---- p3.strategy -------------------------------------------------------------------------------------------

# Four techniques at least, each with a setting and the effect that it works by; the words stand in
# films.TECHNIQUES and films.EFFECTS.
STRATEGY: dict[str, tuple[float | bool, str]] | None = None


# ---- p3.generalise -----------------------------------------------------------------------------------------


def train(images: Tensor, labels: Tensor, hospitals: Tensor, seed: int) -> nn.Module:
    """Train a classifier for films of a hospital that is not among these.

    Args:
        images: (N, 1, 28, 28) float32 in [0, 1], as `films.training_films` gives them; not modified.
        labels: (N,) int64, 0 .. 9. The grader numbers the findings in another order on every run.
        hospitals: (N,) int64, 0 for A to 3 for D; you may train on all of them.
        seed: decides everything random: the same arguments give the same network.

    Returns: a module that maps raw films (M, 1, 28, 28) to logits (M, 10), each film by itself; whatever must
    be done to a film before a network sees it is done inside. The grader puts the module into eval mode.

    Uses at most 20 seconds of one processor core. `given.fit` and `given.SmallCNN` are there to be used.
    """
    raise NotImplementedError("p3.generalise")


def deploy(reports: list[Report]) -> str:
    """Return the name of the model to deploy at a hospital where none of these models has been.

    The figure that counts is the mean of a model's accuracies over the hospitals that NO model of the table
    was trained on. If two models have the same, take the one that stands first; means that differ only by
    rounding are not asked for.

    Args:
        reports: one or more, their fields stand in films.Report; all have accuracies for the same hospitals.

    Raises ValueError if there is no hospital that no model was trained on.

    Example: if "m" was trained on A and "n" on A and B, and both have accuracies for A, B and C, then C
    decides.
    """
    raise NotImplementedError("p3.generalise")
