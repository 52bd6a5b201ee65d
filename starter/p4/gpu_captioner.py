"""p4, on a GPU (bonus): a captioner of 21 million parameters, trained in seconds.

One question, p4.gpu_captioner. The model is given (gpu_model.py); the training and the captions are yours.
The README's section "On a GPU" says what is judged and timed, and what is worth trying. Everything here has
to run on a CPU too, where the tests try it at toy size: put what only a card can do behind ``if
images.device.type == "cuda":``.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

# ---- p4.gpu_captioner --------------------------------------------------------------------------------------


def train_captioner(
    model: nn.Module, images: Tensor, captions: Tensor, orders: Tensor, batch: int, rates: list[float]
) -> Tensor:
    """Train a captioner in place, with all data on the device.

    Each step: cross-entropy of the next word, averaged over all words of the batch (captions hold no
    padding); gradients cleared before the backward pass; AdamW with torch's defaults (weight decay 0.01 for
    every parameter), at the step's rate.

    :param model: a ``gpu_model.CaptionTransformer`` on the device, in any mode: ``model(images, tokens)``. In
        train mode it counts the samples that it was given in the buffer ``seen``; what is counted at the end
        are those of the full batches. Steps made to warm up must be undone.
    :param images: (N, 3, S, S) uint8. The model wants them as (image / 255 - 0.4) / 0.3. Not modified.
    :param captions: (N, L) int64, from <bos> to <eos>; the other words are numbered in another order on every
        run. Not modified.
    :param orders: (epochs, N) int64: row e says in which order epoch e takes the samples, in batches of
        ``batch``; a last piece that is smaller is left out.
    :param rates: the learning rate of every step, epochs * (N // batch) numbers.
    :return: (epochs,) floating point, on the device: the mean loss of each epoch's batches.

    Precision: weights and averages are float32 (float64 where the model is); TF32 and autocast to bfloat16
    are allowed.

    What is timed: drawing 100,000 scenes on the device (not yours), this function, and ``caption``.
    """
    raise NotImplementedError("p4.gpu_captioner")


def caption(model: nn.Module, images: Tensor) -> Tensor:
    """Caption images greedily: begin with <bos> (1), and append the word with the largest logit.

    :param model: as ``train_captioner`` left it, in any mode.
    :param images: (N, 3, S, S) uint8, standardised as for the training; N at least 1. Not modified.
    :return: (N, ``model.length``) int64 on the device, <bos> first. An image's caption does not depend on
        those beside it, and decoding does not stop at <eos>.
    """
    raise NotImplementedError("p4.gpu_captioner")
