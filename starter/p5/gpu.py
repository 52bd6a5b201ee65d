"""p5, on a GPU (bonus): the corrected training loop, as fast as the card can run it.

One question, p5.gpu_train. The network is small and the batches are small, so a plain loop leaves the card
idle most of the time: it waits for Python. The README's section "On a GPU" says what is judged and timed, and
what is worth trying. Everything here has to run on a CPU too, where the tests try it at toy size: put what
only a card can do behind ``if images.device.type == "cuda":``.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

# ---- p5.gpu_train ------------------------------------------------------------------------------------------


def train(
    model: nn.Module, images: Tensor, labels: Tensor, orders: Tensor, batch: int, lr: float = 1e-3
) -> Tensor:
    """Train a classifier in place: the loop of p5.train, with all data on the device.

    Adam with torch's defaults, cross-entropy on logits, gradients cleared before each backward pass. Epoch e,
    counted from 0, trains at lr * (1 + cos(pi e / epochs)) / 2.

    :param model: gives logits (batch, C); it is on the device of the images, and may come in eval mode. In
        train mode it counts the samples that it was given in a buffer, ``model.seen``: all that it has been
        trained on at the end are the samples of the full batches, each once an epoch. Steps that were only
        made to warm up must be undone, in every parameter and every buffer.
    :param images: (N, ...) float32 in the race (float64 in a test of the arithmetic). Not modified.
    :param labels: (N,) int64. Not modified.
    :param orders: (epochs, N) int64: row e says in which order epoch e takes the samples. Batches are its
        consecutive pieces of ``batch`` samples; a last piece that is smaller is left out.
    :param batch: samples a step, from 1 to N.
    :return: (epochs,) floating point, on the device: the mean of the losses of each epoch's samples, as they
        were when they were trained on.

    Precision: the weights and Adam's averages are float32 (float64 where the model is). TF32 and autocast to
    bfloat16 are allowed; a model in float64 has to be trained in float64.

    What is timed: drawing 200,000 digits on the device (not yours), this function, and ``predict``.
    """
    raise NotImplementedError("p5.gpu_train")


def predict(model: nn.Module, images: Tensor) -> Tensor:
    """The class of each image, (N,) int64 on the device; an image's class does not depend on those beside it.

    :param model: as ``train`` left it, in any mode.
    :param images: (N, ...), on the model's device; N at least 1. Not modified.
    """
    raise NotImplementedError("p5.gpu_train")
