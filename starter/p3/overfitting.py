"""p3, second half: a small network that learns its 200 images by heart, and what helps against it.

Questions in order: p3.rank, p3.impact, p3.early_stopping, p3.freeze, p3.predict, p3.recipe. Fill PREDICTION
before you run your recipe: `python -m experiment recipe` stays shut until then.
"""

from __future__ import annotations

import torch
from given import SmallCNN, TinyResNet, fit, warp
from torch import Generator, Tensor, nn

# ---- p3.rank -----------------------------------------------------------------------------------------------


def rank(runs: dict[str, list[float]]) -> list[set[str]]:
    """Names of interventions, best first; those that the runs cannot tell apart stand together in one set.

    Sort by mean accuracy, the highest first (equal means: by name). The first opens a group and is its
    leader. Going down, the next one joins the group if

        mean_leader - mean <= 2 sqrt(se_leader^2 + se^2),   se = sd / sqrt(n), sd with n - 1,

    and otherwise opens a group of its own and is that group's leader.
    {"a": [0.7, 0.8], "b": [0.7, 0.7], "c": [0.1, 0.2]} gives [{"a", "b"}, {"c"}].

    :param runs: accuracies of repeated runs, by intervention; the numbers of runs may differ.
    :return: every name once; [] for no interventions.
    :raises ValueError: an intervention with fewer than two runs: it has no standard error.
    """
    raise NotImplementedError("p3.rank")


# ---- p3.impact ---------------------------------------------------------------------------------------------

INTERVENTIONS = (
    "any_rotation",
    "augmentation",
    "dropout",
    "dropout_and_decay",
    "early_stopping",
    "label_smoothing",
    "long_augmentation",
    "longer_training",
    "mirror",
    "weight_decay",
)
IMPACTS = ("raises_accuracy", "hurts_accuracy", "lowers_loss_only", "no_clear_effect")

# {intervention: one of IMPACTS}, read off assignments/p3/ablations_public.json by the rule of the handout.
# Each entry there is measured "against" another: take the differences seed by seed.
IMPACT: dict[str, str] | None = None


# ---- p3.early_stopping -------------------------------------------------------------------------------------


class EarlyStopping:
    """Watches the validation loss, says when to stop, and keeps the best weights.

    A loss improves if it is below ``best_loss - min_delta``, strictly. NaN, inf and -inf never improve; an
    epoch with one of them counts towards the patience like any other without an improvement. With a patience
    of 2 the losses 1.0, 0.5, 0.6, 0.7 stop the training at the fourth.

    :ivar best_loss: the loss of the last improvement; math.inf before there was one.
    :ivar best_epoch: the epoch of the last improvement; None before there was one.

    :param patience: so many epochs in a row without an improvement end the training.
    :raises ValueError: a patience below 1, or a min_delta that is negative or NaN; others are not asked.
    """

    def __init__(self, patience: int, min_delta: float = 0.0) -> None:
        raise NotImplementedError("p3.early_stopping")

    def step(self, val_loss: float, epoch: int, model: nn.Module) -> bool:
        """Told after each epoch. True: stop, for ``patience`` epochs in a row (or more) did not improve.

        Where the loss improves, all that the model has learned is kept as it is now, running statistics
        included; training then goes on in the same tensors. The model itself is not changed.

        :param epoch: any whole number; ``best_epoch`` repeats it.
        """
        raise NotImplementedError("p3.early_stopping")

    def restore(self, model: nn.Module) -> None:
        """Give the model back what was kept; nothing happens if nothing was.

        Works after a stop, after the last epoch without a stop, and more than once.
        """
        raise NotImplementedError("p3.early_stopping")


# ---- p3.freeze ---------------------------------------------------------------------------------------------


def prepare(
    model: TinyResNet,
    num_classes: int,
    lr_backbone: float,
    lr_head: float,
    unfreeze: tuple[str, ...] = ("layer4",),
) -> torch.optim.Optimizer:
    """Make a trained network ready for a new task: a new head, some stages that learn slowly, the rest fixed.

    Afterwards, whatever was fixed when the model came:
    - ``model.fc`` is a new nn.Linear to num_classes, also where the old head had as many classes;
    - only the parameters of ``model.fc`` and of the stages in ``unfreeze`` require a gradient.

    TinyResNet() with 5 new classes and ("layer4",): 18,725 of 38,061 parameters learn.

    :param unfreeze: any of "conv1", "bn1", "layer1" .. "layer4"; may be empty.
    :return: an optimizer of torch of your choice that holds each of these parameters once and nothing else:
        those of the stages at lr_backbone, those of the head at lr_head.
    :raises ValueError: a name in unfreeze that is no stage of the list above.
    """
    raise NotImplementedError("p3.freeze")


def train_mode(model: TinyResNet) -> None:
    """Put the model in train mode for an epoch, except the BatchNorms that are fixed: they stay in eval mode.

    A BatchNorm is fixed if its weight requires no gradient. In train mode it would go on averaging the new
    images into its running mean and variance, gradient or not. Called before every epoch.
    """
    raise NotImplementedError("p3.freeze")


# ---- p3.predict --------------------------------------------------------------------------------------------

# What the order is about: each is the plain training of 40 epochs with this one thing changed.
CHANGES = (
    "sixteen_features",  # a hidden layer of 16 instead of 128
    "thirty_percent_wrong",  # 60 wrong labels instead of 20
    "turns_alone",  # each image turned by up to 20 degrees
    "upside_down",  # each image turned by any angle
    "with_800_images",  # 800 instead of 200, 80 of them labelled wrong
)

# Filled BEFORE the recipe runs; see the handout for what each entry is held against.
#   "accuracy": (low, high)        of your recipe on new digits, median of three runs; at most 0.25 wide, low
#                                  above 0.52
#   "gap": (low, high)             train_acc - val_acc in the last row of its history, median of three runs;
#                                  at most 0.25 wide. A tenth of the labels behind train_acc is wrong, and
#                                  the last row may be `patience` epochs behind the best
#   "train_loss": "higher" or "lower"      last row's, against the plain training
#   "best_epoch": "later" or "earlier"     epoch of the least val_loss, against the plain training
#   "order": [...]                 the five CHANGES, highest accuracy first
PREDICTION: dict[str, tuple[float, float] | str | list[str]] | None = None


# ---- p3.recipe ---------------------------------------------------------------------------------------------


def jitter(images: Tensor, generator: Generator) -> Tensor:
    """Augment a batch of standardised digits: each image bent a little by amounts of its own.

    ``given.warp`` does the bending; you draw how far, each amount for each image. Every draw comes from
    ``generator``: the same state gives the same result, whatever else drew random numbers. A digit must stay
    the digit that its label says.

    :param images: (N, 1, 28, 28) float32; left as they are.
    :return: (N, 1, 28, 28) float32.
    """
    raise NotImplementedError("p3.recipe")


def recipe(
    images: Tensor, labels: Tensor, val_images: Tensor, val_labels: Tensor, seed: int
) -> tuple[nn.Module, list[dict[str, float]]]:
    """Train a ``given.SmallCNN`` on few images with some wrong labels, so that it is right on new ones.

    At most 20 seconds of computing for 200 images; ``given.fit`` takes about 0.07 an epoch. Same arguments,
    same result. The validation images are looked at, never trained on, and never bent.

    :param images: (N, 1, 28, 28), N is 200 in the graded run; a tenth of their labels is wrong.
    :param val_images: (M, 1, 28, 28), with right labels.
    :return: the trained model, with the weights of the epoch at which the validation loss was least, and the
        history of all epochs: rows as ``given.fit`` returns them.
    """
    raise NotImplementedError("p3.recipe")
