"""The plan of a long training: steps and hours, optimizer and schedule, and which configurations train.

The README states the rules of each question; `python -m stability` runs what p4.stability asks about.
"""

import itertools
import math
from typing import Any

import torch
from torch import nn

# ---- p4.budget ---------------------------------------------------------------------------------------------


def budget(
    images: int,
    batch: int,
    epochs: int,
    seconds_per_step: float,
    drop_last: bool,
    limit_hours: float = 48.0,
) -> dict[str, int | float | bool]:
    """Compute how long a training takes, and whether there is time for it.

    An epoch goes once through all images. Its last batch may be smaller; with `drop_last` it is left out.

    Args:
        images: in the training set, 1 or more.
        batch: images per optimizer step, 1 or more.
        epochs: 1 or more.
        seconds_per_step: of one optimizer step; a smaller last batch takes as long.
        limit_hours: what the training may take; exactly that much is still within it. (The grader's plans
            meet their limit in numbers that are exact in binary, or are far from it: no rounding decides.)

    Returns:
        "steps_per_epoch" and "steps" (of the whole training) as int, "seconds_per_epoch" and "hours" (of the
        whole training) as float, "fits" as bool.

    Raises:
        ValueError: images, batch or epochs below 1, or drop_last leaves no step in an epoch.

    Example: 1,000 images in batches of 300 for 9 epochs at 2 s a step: 4 steps and 8.0 s an epoch, 36 steps,
    0.02 hours; with drop_last 3 steps and 6.0 s an epoch, 27 steps, 0.015 hours.
    """
    raise NotImplementedError("p4.budget")


def allowance(samples: int, batch: int, steps: int, days: float) -> dict[str, int | float]:
    """Compute what a fixed number of steps in a fixed time amounts to: `budget`, read backwards.

    Args:
        samples: in the training set, 1 or more; the last, smaller batch of an epoch is a step as well.
        batch: samples per optimizer step over all devices, 1 or more.
        steps: optimizer steps of the whole training, 1 or more.
        days: of 24 hours, for the whole training.

    Returns:
        "steps_per_epoch" as int; "epochs", how often the training goes through the data, steps over
        steps_per_epoch, as float with its fraction; "seconds_per_step", what a step may take, as float.

    Raises:
        ValueError: samples, batch or steps below 1.

    Example: 1,000 samples in batches of 300 and 10 steps in half a day: 4 steps an epoch, 2.5 epochs, 4320.0
    s a step.
    """
    raise NotImplementedError("p4.budget")


def validation_epochs(epochs: int, every: int) -> list[int]:
    """List the epochs after which the network is validated.

    Epochs count from 0. Those that are multiples of `every` are validated, and the last epoch whether or not
    it is one.

    Args:
        epochs: of the whole training, 1 or more.
        every: 1 or more.

    Returns:
        The epochs in increasing order, each once.

    Raises:
        ValueError: epochs or every below 1.

    Example: 10 epochs and every 4: [0, 4, 8, 9].
    """
    raise NotImplementedError("p4.budget")


# ---- p4.configure ------------------------------------------------------------------------------------------


def configure(model: nn.Module, batch: int, epochs: int) -> tuple[torch.optim.Optimizer, Any]:
    """Make the optimizer and the schedule of the ResNet's training, for a batch size and a length of the run.

    * SGD with Nesterov momentum 0.9.
    * The peak learning rate is 0.1 for batches of 256 images, and goes with the batch.
    * Weight decay 1e-4 on parameters with two or more dimensions, none on all others (biases, norms).
    * Each parameter that is trained (requires_grad) is in the optimizer exactly once; frozen ones are left
      out. All have the same learning rate.
    * Warm-up over the first five epochs, on a straight line from a tenth of the peak in epoch 0 to the peak
      in epoch 5. From there half a cosine, which would reach 0 in epoch number `epochs`; the last epoch that
      is trained is the one before. In a run of five epochs or fewer each epoch has its rate of the warm-up,
      and there is no cosine.

    Args:
        model: is not changed. It may have parameters of any number of dimensions, also frozen or shared ones.
        batch: images per optimizer step, 1 or more.
        epochs: of the run, 1 or more.

    Returns:
        The optimizer and the schedule. The schedule is of any class; all that is called is `step()` without
        arguments, once after each epoch, the last one too. The rate of an epoch is the one that stands in
        `optimizer.param_groups` while it is trained, in epoch 0 the one that `configure` leaves there.

    Example: for batches of 512 and 15 epochs the rates of epochs 0, 5 and 10 are 0.02, 0.2 and 0.1.
    """
    raise NotImplementedError("p4.configure")


# ---- p4.stability ------------------------------------------------------------------------------------------

# Top-1 accuracy on ImageNet (1,000 classes) of a ResNet-50 that is trained from scratch, by images per class:
# 1 %, 10 % and all of them (supervised row of table 1 in Grill et al., "Bootstrap your own latent", 2020).
MEASURED = ((13, 0.254), (128, 0.564), (1281, 0.765))


def attainable(images_per_class: int, top1: float) -> bool:
    """Say whether an accuracy can be reckoned with, for so many images of each of 1,000 classes.

    What can be reckoned with between two rows of MEASURED is a straight line in the logarithm of the images
    per class. Above the last row it is the last row's: what nobody measured is not promised. A row's own
    figure can be reckoned with: 0.254 with 13 images, 0.564 with 128, 0.765 with 1,281 or more.

    Args:
        images_per_class: to train on, from scratch; 13 or more.
        top1: the accuracy that is asked for, from 0 to 1.

    Example: 41 images a class lie half-way between 13 and 128 in the logarithm, and 0.409 half-way between
    0.254 and 0.564; so 0.40 is attainable with them and 0.42 is not.
    """
    raise NotImplementedError("p4.stability")


# What each configuration of stability.py comes to: {name: outcome}, with the names of its CONFIGURATIONS and
# the four outcomes of its OUTCOMES. Predict first, then run.
STABILITY: dict[str, str] | None = None
