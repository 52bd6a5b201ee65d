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
    # BEGIN SOLUTION p4.gpu_resnet
    cuda = images.device.type == "cuda"
    kind = next(model.parameters()).dtype
    steps = orders.shape[1] // batch
    model.train()
    if cuda:
        model.to(memory_format=torch.channels_last)  # in place: the weights; images follow batch by batch
        torch.backends.cudnn.benchmark = True  # every batch has the same shape: the fastest algorithm is kept
    optimizer = torch.optim.SGD(
        model.parameters(), lr=rates[0], momentum=0.9, nesterov=True, weight_decay=5e-5, fused=True
    )
    losses = torch.zeros(len(orders), dtype=torch.float64, device=images.device)
    for epoch, order in enumerate(orders):
        for number, rows in enumerate(order[: steps * batch].split(batch)):
            optimizer.param_groups[0]["lr"] = rates[epoch * steps + number]
            x = _standardised(images[rows], kind, cuda)
            # bfloat16 has float32's range: no loss is scaled.
            with torch.autocast(images.device.type, dtype=torch.bfloat16, enabled=cuda):
                loss = F.cross_entropy(model(x), labels[rows])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            losses[epoch] += loss.detach()  # stays on the device: nothing is read before the run ends
    return losses / steps
    # END SOLUTION


def classify(model: nn.Module, images: Tensor) -> Tensor:
    """The class of each picture, (N,) int64 on the device; it does not depend on the pictures beside it.

    :param model: as ``train_classifier`` left it, in any mode.
    :param images: (N, 3, S, S) uint8, standardised as for the training; N at least 1. Not modified.
    """
    # BEGIN SOLUTION p4.gpu_resnet
    cuda = images.device.type == "cuda"
    kind = next(model.parameters()).dtype
    model.eval()
    with torch.inference_mode(), torch.autocast(images.device.type, dtype=torch.bfloat16, enabled=cuda):
        parts = [_standardised(part, kind, cuda) for part in images.split(512)]
        return torch.cat([model(part).argmax(dim=1) for part in parts])
    # END SOLUTION


# BEGIN SOLUTION
def _standardised(images: Tensor, kind: torch.dtype, cuda: bool) -> Tensor:
    """What the model wants; on a card with the channels of a pixel side by side, as its convolutions do."""
    layout = torch.channels_last if cuda else torch.contiguous_format
    return ((images.to(kind) / 255 - 0.4) / 0.3).contiguous(memory_format=layout)


# END SOLUTION
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
    # BEGIN SOLUTION p4.gpu_memory
    kept = {"sgd": 0, "sgd_momentum": 1, "adamw": 2}
    with FakeTensorMode():
        model, x = build().train(), torch.empty(batch, *shape)
        weights = sum(_allocated(tensor.nbytes) for tensor in (*model.parameters(), *model.buffers()))
        gradients = sum(_allocated(parameter.nbytes) for parameter in model.parameters())
        saved = _saved(model, x, autocast)
    # Under autocast the first layer keeps a 16-bit copy of the images; they themselves are there as well.
    activations = sum(saved) + (_allocated(x.nbytes) if autocast else 0)
    parts = {"weights": weights, "gradients": gradients, "optimizer": kept[optimizer] * gradients}
    parts["activations"] = activations
    # The backward pass begins with all of it, and makes gradients of activations beside it: one of them at
    # most before it gives as much back.
    return {**parts, "peak": sum(parts.values()) + max(saved)}
    # END SOLUTION


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
    # BEGIN SOLUTION p4.gpu_memory
    few, many = (predict_peak(build, shape, batch, optimizer, autocast)["peak"] for batch in (8, 16))
    each = (many - few) / 8
    return max(0, int((capacity - (few - 8 * each)) // each))
    # END SOLUTION


# BEGIN SOLUTION
def _allocated(size: int) -> int:
    """What the allocator gives for this many bytes."""
    return -(-size // 512) * 512


def _saved(model: nn.Module, x: Tensor, autocast: bool) -> list[int]:
    """Bytes of every storage that autograd keeps from one forward pass, in order, without the model's own."""
    own = {tensor.untyped_storage() for tensor in (*model.parameters(), *model.buffers())}
    kept = {}  # holds the storages themselves, so that none is freed and its place taken

    def pack(tensor: Tensor) -> Tensor:
        kept[tensor.untyped_storage()] = None
        return tensor

    classes = torch.zeros(len(x), dtype=torch.int64)
    hooks = torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor)
    with hooks, torch.autocast("cpu", dtype=torch.bfloat16, enabled=autocast):
        F.cross_entropy(model(x), classes)
    return [_allocated(storage.nbytes()) for storage in kept if storage not in own]


# END SOLUTION
