"""Hidden probes of DeepNetwork and train: secret weights and data in, activations and movements out."""

from __future__ import annotations

from collections.abc import Iterator

import debugging
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from grader.worker.recorder import linear_uses

# ---- p5.network --------------------------------------------------------------------------------------------


def _network(width: int, num_classes: int, weights: list[Tensor], images: Tensor) -> nn.Module:
    """A network whose matrices, in the order of their use, are these (outputs, inputs), without biases."""
    model = debugging.DeepNetwork(width=width, num_classes=num_classes).eval()
    for use, weight in zip(linear_uses(model, images), weights, strict=False):
        if use.matrix.shape == weight.t().shape:
            use.matrix.copy_(weight.t())
        if use.bias is not None:
            use.bias.zero_()
    return model


def activations(
    width: int, num_classes: int, weights: list[Tensor], images: Tensor, shape: list[int], layout: str
) -> dict[str, list[Tensor]]:
    """Inputs of the linear layers while images pass twice: in train mode, then in eval mode.

    The head's input in train mode is left out, because dropout draws it. The pass in eval mode uses the
    running statistics that the pass in train mode left behind.

    :param images: (N, 784).
    :param shape: the shape in which each image is handed over.
    :param layout: how it lies in memory, see _laid_out.
    """
    model = _network(width, num_classes, weights, images)
    given = _laid_out(images.reshape(-1, *shape), layout)
    training = linear_uses(model.train(), given)
    evaluation = linear_uses(model.eval(), given)
    return {
        "train": [use.input for use in training[:5]],
        "eval": [use.input for use in evaluation],
        "logits": [model(given).detach()],
    }


def _laid_out(images: Tensor, layout: str) -> Tensor:
    """The same values in another memory layout."""
    if layout == "transposed":  # stored with the batch last
        return images.movedim(0, -1).contiguous().movedim(-1, 0)
    if layout == "sliced":  # every other element of a tensor twice as wide
        return torch.stack([images, -images], dim=-1)[..., 0]
    if layout == "reversed":  # stored with the axes of the image swapped
        axes = range(1, images.dim())
        return images.permute(0, *reversed(axes)).contiguous().permute(0, *reversed(axes))
    return images.contiguous()


def layers_in_training(
    width: int, num_classes: int, weights: list[Tensor], images: Tensor, seed: int
) -> dict[str, list[Tensor]]:
    """The linear layers in train mode, in the order of their use.

    :return: "matrices", each (outputs, inputs), and "inputs", what each of them is given for the images.
    """
    model = _network(width, num_classes, weights, images).train()
    torch.manual_seed(seed)
    uses = linear_uses(model, images)
    return {"matrices": [use.matrix.t().clone() for use in uses], "inputs": [use.input for use in uses]}


def fresh_network(
    width: int, num_classes: int, seed: int, first: Tensor, shown: Tensor, images: Tensor
) -> dict[str, list[Tensor]]:
    """A new network in eval mode, after one batch, ``first``, in train mode.

    :return: "matrices" of its linear layers, each (outputs, inputs), in the order of their use; "inputs",
        what each of them is given for ``shown``; "together", the logits of all images at once, and "alone",
        those of each by itself.
    """
    torch.manual_seed(seed)
    model = debugging.DeepNetwork(width=width, num_classes=num_classes).train()
    with torch.no_grad():
        model(first)
        uses = linear_uses(model.eval(), shown)
        return {
            "matrices": [use.matrix.t().clone() for use in uses],
            "inputs": [use.input for use in uses],
            "together": [model(images)],
            "alone": [model(image[None]) for image in images],
        }


# ---- p5.train ----------------------------------------------------------------------------------------------


def _finish(
    model: nn.Module, loader: object, epochs: int, lr: float
) -> tuple[list[dict[str, float]], list[Tensor]]:
    """What train returned, and how far each parameter moved."""
    start = [parameter.detach().clone() for parameter in model.parameters()]
    history = debugging.train(model, loader, epochs, lr)
    moved = [now.detach() - before for now, before in zip(model.parameters(), start, strict=True)]
    return [{"loss": float(row["loss"]), "lr": float(row["lr"])} for row in history], moved


def _perceptron(weights: list[Tensor], biases: list[Tensor]) -> nn.Sequential:
    """Linear layers with these weights (outputs, inputs), with tanh between them."""
    layers: list[nn.Module] = []
    for weight, bias in zip(weights, biases, strict=True):
        linear = nn.Linear(weight.shape[1], weight.shape[0])
        linear.load_state_dict({"weight": weight, "bias": bias})
        layers += [linear, nn.Tanh()]
    return nn.Sequential(*layers[:-1])


def train_normalised(
    weights: list[Tensor],
    bias: Tensor,
    inputs: Tensor,
    targets: Tensor,
    batch_sizes: list[int],
    epochs: int,
    lr: float,
) -> tuple[list[dict[str, float]], list[Tensor]]:
    """Train Linear, BatchNorm, tanh, Linear, handed over in eval mode.

    The first layer has no bias: its gradient would be zero but for rounding, which Adam blows up to full
    steps.
    """
    hidden = nn.Linear(weights[0].shape[1], weights[0].shape[0], bias=False)
    head = nn.Linear(weights[1].shape[1], weights[1].shape[0])
    hidden.load_state_dict({"weight": weights[0]})
    head.load_state_dict({"weight": weights[1], "bias": bias})
    model = nn.Sequential(hidden, nn.BatchNorm1d(len(weights[0])), nn.Tanh(), head).eval()
    batches = list(zip(inputs.split(batch_sizes), targets.split(batch_sizes), strict=True))
    return _finish(model, batches, epochs, lr)


def train_after_another(
    weights: list[Tensor],
    biases: list[Tensor],
    leftovers: list[Tensor],
    inputs: Tensor,
    targets: Tensor,
    batch_sizes: list[int],
    epochs: int,
    lr: float,
) -> tuple[list[dict[str, float]], list[Tensor]]:
    """Train a perceptron whose parameters still hold gradients: ``leftovers``, one a parameter, in order."""
    model = _perceptron(weights, biases)
    for parameter, leftover in zip(model.parameters(), leftovers, strict=True):
        parameter.grad = leftover.clone()
    batches = list(zip(inputs.split(batch_sizes), targets.split(batch_sizes), strict=True))
    return _finish(model, batches, epochs, lr)


class _Stream:
    """Batches in another order every epoch; it can be iterated, and nothing else."""

    def __init__(self, batches: list[tuple[Tensor, Tensor]], orders: list[list[int]]) -> None:
        self._batches = batches
        self._orders = iter(orders)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        return (self._batches[at] for at in next(self._orders))


def train_from(
    kind: str,
    orders: list[list[int]],
    weights: list[Tensor],
    biases: list[Tensor],
    inputs: Tensor,
    targets: Tensor,
    batch_size: int,
    epochs: int,
    lr: float,
) -> tuple[list[dict[str, float]], list[Tensor]]:
    """Train a perceptron from a loader of this kind.

    :param orders: of the batches, one list an epoch; the kind "stream" alone follows it.
    """
    data = TensorDataset(inputs, targets)
    batches = list(zip(inputs.split(batch_size), targets.split(batch_size), strict=True))
    loader = {
        "dataloader": DataLoader(data, batch_size=batch_size),
        "tuple": tuple(batches),
        "stream": _Stream(batches, orders),
    }[kind]
    return _finish(_perceptron(weights, biases), loader, epochs, lr)


# ---- p5.speed ----------------------------------------------------------------------------------------------


def train_plain(
    weights: list[Tensor], inputs: Tensor, targets: Tensor, batch_size: int, depth: int
) -> list[Tensor]:
    """Train Linear, Hardtanh, ..., Linear for one epoch at train's own default rate.

    The graph of each pass is long, its outputs are many, and nothing counts them here: whoever holds on to
    them takes memory, which can be seen from outside of this process.

    :param weights: of the first layer (1, D) and (1,), and of the last (C, 1) and (C,).
    :param depth: activations between the two, too wide to change anything.
    :return: the four parameters afterwards.
    """
    model = nn.Sequential(
        nn.Linear(inputs.shape[1], 1),
        *(nn.Hardtanh(-1e6, 1e6) for _ in range(depth)),
        nn.Linear(1, len(weights[3])),
    )
    with torch.no_grad():
        for parameter, weight in zip(model.parameters(), weights, strict=True):
            parameter.copy_(weight)
    debugging.train(model, list(zip(inputs.split(batch_size), targets.split(batch_size), strict=True)), 1)
    return [parameter.detach() for parameter in model.parameters()]
