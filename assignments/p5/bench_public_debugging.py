"""Runs DeepNetwork and train in the worker and gives back what they computed as plain data."""

from __future__ import annotations

import weakref
from collections.abc import Iterable

import debugging
import torch
from torch import Tensor, nn
from torch.multiprocessing.reductions import StorageWeakRef
from torch.nn import functional as F
from torch.optim.optimizer import register_optimizer_step_post_hook
from torch.utils.data import DataLoader, TensorDataset

from grader.worker.recorder import linear_uses

# ---- p5.network --------------------------------------------------------------------------------------------


def network_logits(width: int, num_classes: int, images: Tensor, train_mode: bool) -> Tensor:
    """Logits of a fresh network for a batch."""
    model = debugging.DeepNetwork(width=width, num_classes=num_classes)
    model.train(train_mode)
    return model(images).detach()


def network_layers(width: int, num_classes: int, images: Tensor) -> list[tuple[int, int]]:
    """(inputs, outputs) of each linear layer of a fresh network, in the order in which they are used."""
    model = debugging.DeepNetwork(width=width, num_classes=num_classes).eval()
    return [(use.matrix.shape[0], use.matrix.shape[1]) for use in linear_uses(model, images)]


def initial_weights(width: int, num_classes: int, images: Tensor, seed: int) -> list[Tensor]:
    """The matrices (outputs, inputs) of a fresh network's linear layers, in the order of their use."""
    torch.manual_seed(seed)
    model = debugging.DeepNetwork(width=width, num_classes=num_classes).eval()
    return [use.matrix.t() for use in linear_uses(model, images)]


def gradient_norms(width: int, num_classes: int, images: Tensor, labels: Tensor, seed: int) -> list[float]:
    """L2 norm of the cross-entropy's gradient for each linear layer's matrix, fresh and in train mode."""
    torch.manual_seed(seed)
    model = debugging.DeepNetwork(width=width, num_classes=num_classes)
    matrices = [use.parameter for use in linear_uses(model.eval(), images)]
    F.cross_entropy(model.train()(images), labels).backward()
    return [0.0 if matrix.grad is None else matrix.grad.norm().item() for matrix in matrices]


def one_by_one(width: int, num_classes: int, images: Tensor, seed: int) -> tuple[Tensor, Tensor]:
    """Logits in eval mode, after one pass in train mode: of the whole batch, and of each image alone."""
    torch.manual_seed(seed)
    model = debugging.DeepNetwork(width=width, num_classes=num_classes).train()
    with torch.no_grad():
        model(images)
        model.eval()
        return model(images), torch.cat([model(image[None]) for image in images])


# ---- p5.train ----------------------------------------------------------------------------------------------


def _perceptron(weights: list[Tensor], biases: list[Tensor]) -> nn.Sequential:
    """Linear layers with these weights (outputs, inputs) and tanh between them: no BatchNorm, no dropout."""
    layers: list[nn.Module] = []
    for weight, bias in zip(weights, biases, strict=True):
        linear = nn.Linear(weight.shape[1], weight.shape[0])
        linear.load_state_dict({"weight": weight, "bias": bias})
        layers += [linear, nn.Tanh()]
    return nn.Sequential(*layers[:-1])


def train_perceptron(
    weights: list[Tensor],
    biases: list[Tensor],
    inputs: Tensor,
    targets: Tensor,
    batch_sizes: list[int],
    epochs: int,
    lr: float | None = None,
) -> tuple[list[dict[str, float]], list[Tensor]]:
    """Train a perceptron on a list of batches.

    :param lr: None leaves the rate to train's own default.
    :return: what train returned, and how far each parameter moved.
    """
    model = _perceptron(weights, biases)
    batches = list(zip(inputs.split(batch_sizes), targets.split(batch_sizes), strict=True))
    start = [parameter.detach().clone() for parameter in model.parameters()]
    rate = {} if lr is None else {"lr": lr}
    history = debugging.train(model, batches, epochs, **rate)
    moved = [now.detach() - before for now, before in zip(model.parameters(), start, strict=True)]
    return [{"loss": float(row["loss"]), "lr": float(row["lr"])} for row in history], moved


# ---- p5.accuracy -------------------------------------------------------------------------------------------


_trained: list[nn.Module] = []  # the network of the last training, for digits_network and digits_logits


def digits_trained(images: Tensor, labels: Tensor, seed: int, epochs: int) -> list[dict[str, float]]:
    """Train a DeepNetwork of width 256 on digits, in shuffled batches of 64, at train's own default rate.

    :return: what train returned. What the network is to recognise comes later, with digits_logits, and what
        it is made of before that, with digits_network.
    """
    torch.manual_seed(seed)
    loader = DataLoader(TensorDataset(images, labels), batch_size=64, shuffle=True)
    model = debugging.DeepNetwork()
    history = debugging.train(model, loader, epochs)
    _trained[:] = [model]
    return [{"loss": float(row["loss"]), "lr": float(row["lr"])} for row in history]


def digits_network(images: Tensor) -> dict[str, list[Tensor]]:
    """The trained network's linear layers, in the order of their use in eval mode.

    :return: "matrices", each (outputs, inputs), and "inputs", what each of them is given for these images.
    """
    uses = linear_uses(_trained[0].eval(), images)
    return {"matrices": [use.matrix.t() for use in uses], "inputs": [use.input for use in uses]}


def digits_logits(images: Tensor) -> torch.Tensor:
    """Logits of the trained network for images that it has not seen, in eval mode."""
    model = _trained[0].eval()
    with torch.no_grad():
        return model(images)


# ---- p5.speed ----------------------------------------------------------------------------------------------


class _Token:
    """Stands for one forward pass: a node of the pass's graph holds it, so it lives as long as the graph."""

    def __init__(self, batch_sum: float) -> None:
        self.batch_sum = batch_sum


class _Passage(torch.autograd.Function):
    """The identity, which notes on the way back which forward pass a backward pass belongs to."""

    @staticmethod
    def forward(ctx, x: Tensor, token: _Token, seen_backward: list[float]) -> Tensor:  # type: ignore[override]
        ctx.token, ctx.seen_backward = token, seen_backward
        return x.clone()

    @staticmethod
    def backward(ctx, gradient: Tensor):  # type: ignore[override]
        ctx.seen_backward.append(ctx.token.batch_sum)
        return gradient, None, None


class _Witness(nn.Module):
    """A linear classifier that notes its forward and backward passes, and which of them are still alive."""

    def __init__(self, features: int, classes: int) -> None:
        super().__init__()
        self.linear = nn.Linear(features, classes)
        self.forward_sums: list[float] = []
        self.backward_sums: list[float] = []
        self.most_graphs = self.most_outputs = 0
        self._graphs: list[weakref.ref[_Token]] = []
        self._outputs: list[StorageWeakRef] = []

    def forward(self, x: Tensor) -> Tensor:
        self.most_graphs = max(self.most_graphs, sum(graph() is not None for graph in self._graphs))
        self.most_outputs = max(self.most_outputs, sum(not output.expired() for output in self._outputs))
        token = _Token(x.sum().item())
        logits = _Passage.apply(self.linear(x), token, self.backward_sums)
        self.forward_sums.append(token.batch_sum)
        self._graphs.append(weakref.ref(token))
        self._outputs.append(StorageWeakRef(logits.untyped_storage()))
        return logits


def witness_training(
    batches: list[Tensor], targets: list[Tensor], classes: int, epochs: int
) -> dict[str, object]:
    """What train did while it trained a linear classifier.

    :return: "forward" and "backward": the sum over the inputs of the batch that each pass belongs to, in
        order; "steps": steps of torch's optimizers; "most_graphs" and "most_outputs": the largest number of
        earlier forward passes whose graph or output still existed when the next one began; "before" and
        "after": the classifier's weight (C, D) and bias (C,).
    """
    model = _Witness(batches[0].shape[1], classes)
    before = [part.detach().clone() for part in model.parameters()]
    steps = 0

    def count_step(*_: object) -> None:
        nonlocal steps
        steps += 1

    hook = register_optimizer_step_post_hook(count_step)
    loader: Iterable[tuple[Tensor, Tensor]] = list(zip(batches, targets, strict=True))
    debugging.train(model, loader, epochs)
    hook.remove()
    return {
        "forward": model.forward_sums,
        "backward": model.backward_sums,
        "steps": steps,
        "most_graphs": model.most_graphs,
        "most_outputs": model.most_outputs,
        "before": before,
        "after": list(model.parameters()),
    }
