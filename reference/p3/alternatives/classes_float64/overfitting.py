"""Overfitting diagnosed and treated, in small classes; images are bent in float64 and cast back."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from given import SmallCNN, TinyResNet, fit, warp
from torch import Generator, Tensor, nn

# ---- p3.rank -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Arm:
    """An intervention, its mean accuracy, and the square of that mean's standard error."""

    name: str
    mean: float
    square: float

    @classmethod
    def of(cls, name: str, values: list[float]) -> Arm:
        """Summarise repeated runs."""
        if len(values) < 2:
            raise ValueError(f"{name} needs a second run")
        exact = torch.tensor(values, dtype=torch.float64)
        return cls(name, exact.mean().item(), exact.var().item() / len(values))

    def ties(self, other: Arm) -> bool:
        """Whether a lower one cannot be told from this one."""
        return self.mean - other.mean <= 2 * math.sqrt(self.square + other.square)


def rank(runs: dict[str, list[float]]) -> list[set[str]]:
    """Each group begins with its leader."""
    arms = [Arm.of(name, values) for name, values in runs.items()]
    groups: list[list[Arm]] = []
    for arm in sorted(arms, key=lambda arm: (-arm.mean, arm.name)):
        if groups and groups[-1][0].ties(arm):
            groups[-1].append(arm)
        else:
            groups.append([arm])
    return [{arm.name for arm in group} for group in groups]


# ---- p3.impact ---------------------------------------------------------------------------------------------

_BY_IMPACT = {
    "raises_accuracy": ("augmentation", "dropout", "dropout_and_decay"),
    "hurts_accuracy": ("any_rotation", "mirror"),
    "lowers_loss_only": ("early_stopping", "label_smoothing"),
    "no_clear_effect": ("long_augmentation", "longer_training", "weight_decay"),
}
IMPACT: dict[str, str] | None = {name: impact for impact, names in _BY_IMPACT.items() for name in names}

# ---- p3.early_stopping -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Snapshot:
    """Copies of a model's parameters and buffers."""

    state: dict[str, Tensor]

    @classmethod
    def of(cls, model: nn.Module) -> Snapshot:
        """Copy a model as it is now."""
        return cls({name: tensor.detach().clone() for name, tensor in model.state_dict().items()})

    def write(self, model: nn.Module) -> None:
        """Give a model these numbers."""
        model.load_state_dict(self.state)


@dataclass
class EarlyStopping:
    """Early stopping with the best weights in a snapshot."""

    patience: int
    min_delta: float = 0.0

    def __post_init__(self) -> None:
        if self.patience < 1:
            raise ValueError(f"a patience of {self.patience}")
        if not self.min_delta >= 0:
            raise ValueError(f"a min_delta of {self.min_delta}")
        self.best_loss = math.inf
        self.best_epoch: int | None = None
        self.snapshot: Snapshot | None = None
        self.waited = 0

    def improves(self, val_loss: float) -> bool:
        """Finite, and below the best by more than min_delta."""
        return math.isfinite(val_loss) and val_loss < self.best_loss - self.min_delta

    def step(self, val_loss: float, epoch: int, model: nn.Module) -> bool:
        """True: stop."""
        self.waited += 1
        if self.improves(val_loss):
            self.best_loss, self.best_epoch = val_loss, epoch
            self.snapshot, self.waited = Snapshot.of(model), 0
        return self.waited >= self.patience

    def restore(self, model: nn.Module) -> None:
        """Write the snapshot back, if there is one."""
        if self.snapshot:
            self.snapshot.write(model)


# ---- p3.freeze ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Plan:
    """Which stages learn slowly, and the two rates."""

    unfreeze: frozenset[str]
    lr_backbone: float
    lr_head: float

    STAGES = frozenset({"conv1", "bn1", "layer1", "layer2", "layer3", "layer4"})

    def __post_init__(self) -> None:
        if not self.unfreeze <= self.STAGES:
            raise ValueError(f"not a stage: {sorted(self.unfreeze - self.STAGES)}")

    def rate(self, parameter_name: str) -> float | None:
        """The rate of a parameter; None: it is fixed."""
        stage = parameter_name.partition(".")[0]
        if stage == "fc":
            return self.lr_head
        return self.lr_backbone if stage in self.unfreeze else None


def prepare(
    model: TinyResNet,
    num_classes: int,
    lr_backbone: float,
    lr_head: float,
    unfreeze: tuple[str, ...] = ("layer4",),
) -> torch.optim.Optimizer:
    """A new head, and RMSprop with a group of its own for each parameter that learns."""
    plan = Plan(frozenset(unfreeze), lr_backbone, lr_head)
    model.fc = nn.Linear(model.fc.in_features, num_classes)
    groups = []
    for name, parameter in model.named_parameters():
        rate = plan.rate(name)
        parameter.requires_grad_(rate is not None)
        if rate is not None:
            groups.append({"params": [parameter], "lr": rate})
    return torch.optim.RMSprop(groups)


def train_mode(model: TinyResNet) -> None:
    """Every module in train mode, except BatchNorms whose weight is fixed."""

    def choose(module: nn.Module) -> None:
        fixed = isinstance(module, nn.BatchNorm2d) and not module.weight.requires_grad
        module.training = not fixed

    model.apply(choose)


# ---- p3.predict --------------------------------------------------------------------------------------------

PREDICTION: dict[str, tuple[float, float] | str | list[str]] | None = {
    "accuracy": (0.69, 0.89),
    "gap": (-0.02, 0.22),
    "train_loss": "higher",
    "best_epoch": "later",
    "order": ["with_800_images", "turns_alone", "thirty_percent_wrong", "upside_down", "sixteen_features"],
}

# ---- p3.recipe ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Jitter:
    """Amounts by which digits are bent, to either side."""

    degrees: float = 22.0
    log_zoom: float = 0.16
    shift: float = 0.1

    def __call__(self, images: Tensor, generator: Generator) -> Tensor:
        """Bent copies, in the images' own precision."""
        even = 2 * torch.rand(len(images), 4, generator=generator, dtype=torch.float64) - 1
        degrees, zoom, shift = self.degrees * even[:, 0], (self.log_zoom * even[:, 1]).exp(), even[:, 2:]
        return warp(images.double(), degrees, zoom, self.shift * shift).to(images.dtype)


@dataclass(frozen=True)
class Recipe:
    """Settings of a training."""

    epochs: int = 95
    patience: int = 35
    dropout: float = 0.5
    weight_decay: float = 0.03
    smoothing: float = 0.05


JITTER, RECIPE = Jitter(), Recipe()


def jitter(images: Tensor, generator: Generator) -> Tensor:
    """Bend each digit by amounts of its own."""
    return JITTER(images, generator)


def recipe(
    images: Tensor, labels: Tensor, val_images: Tensor, val_labels: Tensor, seed: int
) -> tuple[nn.Module, list[dict[str, float]]]:
    """Train by RECIPE."""
    torch.manual_seed(seed)
    model = SmallCNN(dropout=RECIPE.dropout)
    history = fit(
        model,
        images,
        labels,
        epochs=RECIPE.epochs,
        seed=seed,
        weight_decay=RECIPE.weight_decay,
        smoothing=RECIPE.smoothing,
        augment=jitter,
        val=(val_images, val_labels),
        stopping=EarlyStopping(RECIPE.patience),
    )
    return model, history
