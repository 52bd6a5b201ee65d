"""p4, on a GPU (bonus): a ResNet-50-D trained in seconds, and its memory told beforehand.

Questions in order: p4.gpu_resnet, p4.gpu_memory. The README's section "On a GPU" says what is judged and
timed, and what is worth trying. Everything here has to run on a CPU too, where the tests try it at toy size:
put what only a card can do behind ``if images.device.type == "cuda":``.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.nn import functional as F

# ---- p4.gpu_resnet -----------------------------------------------------------------------------------------


def train_classifier(
    model: nn.Module, images: Tensor, labels: Tensor, orders: Tensor, batch: int, rates: list[float]
) -> Tensor:
    """Train a convolutional network in place, with all data on the device.

    Each step: cross-entropy on logits, averaged over the batch; gradients cleared before the backward pass;
    SGD with Nesterov momentum 0.9 and weight decay 5e-5 for every parameter (torch's, as an L2 term), at the
    step's rate.

    :param model: gives logits (B, C) of (B, 3, S, S); it is on the device, in any mode. In train mode it
        counts the samples that it was given in a buffer, ``model.seen``; what is counted at the end are those
        of the full batches. Steps made to warm up must be undone, in every parameter and every buffer.
    :param images: (N, 3, S, S) uint8. The model wants them as (image / 255 - 0.4) / 0.3. Not modified.
    :param labels: (N,) int64. Not modified.
    :param orders: (epochs, N) int64: row e says in which order epoch e takes the samples, in batches of
        ``batch``; a last piece that is smaller is left out.
    :param rates: the learning rate of every step, epochs * (N // batch) numbers.
    :return: (epochs,) floating point, on the device: the mean loss of each epoch's batches.

    Precision: weights and momentum are float32 (float64 where the model is); TF32 and autocast to bfloat16
    are allowed.

    What is timed: drawing 50,000 pictures of 128 x 128 on the device (not yours), this function,
    ``classify``.
    """
    raise NotImplementedError("p4.gpu_resnet")


def classify(model: nn.Module, images: Tensor) -> Tensor:
    """The class of each picture, (N,) int64 on the device; it does not depend on the pictures beside it.

    :param model: as ``train_classifier`` left it, in any mode.
    :param images: (N, 3, S, S) uint8, standardised as for the training; N at least 1. Not modified.
    """
    raise NotImplementedError("p4.gpu_resnet")


# ---- p4.gpu_memory -----------------------------------------------------------------------------------------


def predict_peak(
    build: Callable[[], nn.Module],
    shape: tuple[int, int, int],
    batch: int,
    optimizer: str,
    autocast: bool,
) -> dict[str, int]:
    """Predict the device memory that training takes at its peak, in bytes, without training and without a
    device.

    A step is: a batch of float32 images on the device, the forward pass (under autocast to bfloat16, or in
    float32), cross-entropy, the backward pass, the optimizer's step. Gradients are kept from step to step and
    filled with zeros, ``zero_grad(set_to_none=False)``. The peak is that of the third step.

    torch's allocator gives memory in multiples of 512 bytes, to every tensor by itself.

    :param build: makes the model, float32 and in train mode; whatever it makes it of, ``FakeTensorMode`` or
        the device ``meta`` may be on. Calling it costs memory of the host otherwise.
    :param shape: channels, height and width of an image.
    :param batch: images in the batch.
    :param optimizer: "sgd", "sgd_momentum" or "adamw", of torch, with its ordinary settings.
    :return: "weights" (parameters and buffers), "gradients", "optimizer", "activations" (what autograd keeps
        from the forward pass for the backward pass, and the batch of images itself) and "peak", which may be
        more than their sum where you know of more.

    Judged: "peak" within 10 % of what the device itself counts (``torch.cuda.max_memory_allocated``); the
    parts within 10 % of ours.
    """
    raise NotImplementedError("p4.gpu_memory")


def largest_batch(
    build: Callable[[], nn.Module],
    shape: tuple[int, int, int],
    optimizer: str,
    autocast: bool,
    capacity: int,
) -> int:
    """The largest batch whose predicted peak is not more than ``capacity`` bytes; 0 where not one image fits.

    Judged within 10 % of the largest batch that fits by the device's own count.
    """
    raise NotImplementedError("p4.gpu_memory")
