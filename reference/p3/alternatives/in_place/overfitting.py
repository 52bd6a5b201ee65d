"""Overfitting diagnosed and treated: explicit loops, running sums, tensors that are reused in place."""

from __future__ import annotations

import math

import torch
from given import SmallCNN, TinyResNet, evaluate, warp
from torch import Generator, Tensor, nn
from torch.nn import functional as F

# ---- p3.rank -----------------------------------------------------------------------------------------------


def rank(runs: dict[str, list[float]]) -> list[set[str]]:
    """Sort (mean, name, squared error), then let each join the open group or lead the next."""
    table: list[tuple[float, str, float]] = []
    for name, values in runs.items():
        number = len(values)
        if number < 2:
            raise ValueError(f"{name!r} was run {number} times")
        mean = math.fsum(values) / number
        squares = 0.0
        for value in values:
            squares += (value - mean) ** 2
        table.append((-mean, name, squares / (number - 1) / number))
    table.sort()

    groups: list[set[str]] = []
    lead_mean = lead_square = 0.0
    for minus_mean, name, square in table:
        if groups and minus_mean - lead_mean <= 2 * math.sqrt(lead_square + square):
            groups[-1].add(name)
            continue
        groups.append({name})
        lead_mean, lead_square = minus_mean, square
    return groups


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

IMPACT: dict[str, str] | None = dict.fromkeys(INTERVENTIONS, "no_clear_effect")
for _name in ("augmentation", "dropout", "dropout_and_decay"):
    IMPACT[_name] = "raises_accuracy"
for _name in ("any_rotation", "mirror"):
    IMPACT[_name] = "hurts_accuracy"
for _name in ("early_stopping", "label_smoothing"):
    IMPACT[_name] = "lowers_loss_only"

# ---- p3.early_stopping -------------------------------------------------------------------------------------


def _tensors(model: nn.Module) -> list[Tensor]:
    """All that a model has learned or counted."""
    return [*model.parameters(), *model.buffers()]


class EarlyStopping:
    """Keeps the best weights in buffers that are allocated once."""

    def __init__(self, patience: int, min_delta: float = 0.0) -> None:
        if patience < 1:
            raise ValueError("patience must be at least 1")
        if math.isnan(min_delta) or min_delta < 0:
            raise ValueError("min_delta must not be negative")
        self.best_loss = math.inf
        self.best_epoch: int | None = None
        self._patience = patience
        self._min_delta = min_delta
        self._left = patience
        self._kept: list[Tensor] = []

    @torch.no_grad()
    def step(self, val_loss: float, epoch: int, model: nn.Module) -> bool:
        """Count down the patience; an improvement winds it up again."""
        if not math.isfinite(val_loss) or not val_loss < self.best_loss - self._min_delta:
            self._left -= 1
            return self._left <= 0
        self.best_loss, self.best_epoch = val_loss, epoch
        self._left = self._patience
        if not self._kept:
            self._kept = [torch.empty_like(tensor) for tensor in _tensors(model)]
        for kept, tensor in zip(self._kept, _tensors(model), strict=True):
            kept.copy_(tensor)
        return False

    @torch.no_grad()
    def restore(self, model: nn.Module) -> None:
        """Copy the buffers back into the model's own tensors."""
        if not self._kept:
            return
        for kept, tensor in zip(self._kept, _tensors(model), strict=True):
            tensor.copy_(kept)


# ---- p3.freeze ---------------------------------------------------------------------------------------------


def prepare(
    model: TinyResNet,
    num_classes: int,
    lr_backbone: float,
    lr_head: float,
    unfreeze: tuple[str, ...] = ("layer4",),
) -> torch.optim.Optimizer:
    """One walk over the named parameters decides for each whether it learns, and how fast."""
    for stage in unfreeze:
        if stage not in ("conv1", "bn1", "layer1", "layer2", "layer3", "layer4"):
            raise ValueError(f"there is no stage {stage!r}")
    model.fc = nn.Linear(model.fc.in_features, num_classes)
    head: list[nn.Parameter] = []
    backbone: list[nn.Parameter] = []
    for name, parameter in model.named_parameters():
        stage = name.split(".")[0]
        if stage == "fc":
            head.append(parameter)
        elif stage in unfreeze:
            parameter.requires_grad_(True)
            backbone.append(parameter)
        else:
            parameter.requires_grad_(False)
    optimizer = torch.optim.SGD(head, lr=lr_head, momentum=0.9)
    if backbone:
        optimizer.add_param_group({"params": backbone, "lr": lr_backbone})
    return optimizer


def train_mode(model: TinyResNet) -> None:
    """Set the mode module by module."""
    for module in model.modules():
        module.training = True
        if isinstance(module, nn.BatchNorm2d) and not module.weight.requires_grad:
            module.training = False


# ---- p3.predict --------------------------------------------------------------------------------------------

PREDICTION: dict[str, tuple[float, float] | str | list[str]] | None = {
    "accuracy": (0.66, 0.88),
    "gap": (0.03, 0.28),
    "train_loss": "higher",
    "best_epoch": "later",
    "order": ["with_800_images", "turns_alone", "thirty_percent_wrong", "upside_down", "sixteen_features"],
}

# ---- p3.recipe ---------------------------------------------------------------------------------------------


def jitter(images: Tensor, generator: Generator) -> Tensor:
    """Four bell-shaped amounts for each digit, cut off at two deviations."""
    amounts = torch.empty(len(images), 4).normal_(generator=generator).clamp_(-2, 2)
    degrees, zoom, shift = amounts[:, 0], amounts[:, 1], amounts[:, 2:]
    degrees.mul_(10)
    zoom.mul_(0.08).exp_()
    shift.mul_(0.05)
    return warp(images, degrees, zoom, shift)


def recipe(
    images: Tensor, labels: Tensor, val_images: Tensor, val_labels: Tensor, seed: int
) -> tuple[nn.Module, list[dict[str, float]]]:
    """A loop of its own: Adam on bent digits with dropout, the weights of the best epoch kept in buffers."""
    torch.manual_seed(seed)
    generator = Generator().manual_seed(seed)
    model = SmallCNN(dropout=0.4)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
    keeper = EarlyStopping(patience=30)
    history: list[dict[str, float]] = []
    for epoch in range(1, 101):
        model.train()
        for rows in torch.randperm(len(images), generator=generator).split(32):
            optimizer.zero_grad()
            F.cross_entropy(model(jitter(images[rows], generator)), labels[rows]).backward()
            optimizer.step()
        row: dict[str, float] = {"epoch": epoch}
        row["train_loss"], row["train_acc"] = evaluate(model, images, labels)
        row["val_loss"], row["val_acc"] = evaluate(model, val_images, val_labels)
        history.append(row)
        if keeper.step(row["val_loss"], epoch, model):
            break
    keeper.restore(model)
    return model, history
