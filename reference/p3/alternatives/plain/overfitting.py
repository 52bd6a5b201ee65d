"""Overfitting diagnosed and treated, in plain PyTorch and the standard library: the shortest clear code."""

from __future__ import annotations

import copy
import math
import statistics

import torch
from given import SmallCNN, TinyResNet, fit, warp
from torch import Generator, Tensor, nn

# ---- p3.rank -----------------------------------------------------------------------------------------------


def rank(runs: dict[str, list[float]]) -> list[set[str]]:
    """Groups of interventions that the runs cannot tell from the group's leader, best first."""
    if any(len(values) < 2 for values in runs.values()):
        raise ValueError("a single run has no standard error")
    mean = {name: statistics.fmean(values) for name, values in runs.items()}
    error = {name: statistics.stdev(values) / math.sqrt(len(values)) for name, values in runs.items()}
    groups: list[set[str]] = []
    leader = ""
    for name in sorted(runs, key=lambda name: (-mean[name], name)):
        if groups and mean[leader] - mean[name] <= 2 * math.hypot(error[leader], error[name]):
            groups[-1].add(name)
        else:
            groups.append({name})
            leader = name
    return groups


# ---- p3.impact ---------------------------------------------------------------------------------------------

IMPACT: dict[str, str] | None = {
    "any_rotation": "hurts_accuracy",
    "augmentation": "raises_accuracy",
    "dropout": "raises_accuracy",
    "dropout_and_decay": "raises_accuracy",
    "early_stopping": "lowers_loss_only",
    "label_smoothing": "lowers_loss_only",
    "long_augmentation": "no_clear_effect",
    "longer_training": "no_clear_effect",
    "mirror": "hurts_accuracy",
    "weight_decay": "no_clear_effect",
}

# ---- p3.early_stopping -------------------------------------------------------------------------------------


class EarlyStopping:
    """Counts epochs without an improvement and keeps the weights of the last one."""

    def __init__(self, patience: int, min_delta: float = 0.0) -> None:
        if patience < 1 or not min_delta >= 0:
            raise ValueError(f"patience {patience} below 1, or min_delta {min_delta} not at least 0")
        self.patience = patience
        self.min_delta = min_delta
        self.best_loss = math.inf
        self.best_epoch: int | None = None
        self._waited = 0
        self._kept: dict[str, Tensor] | None = None

    def step(self, val_loss: float, epoch: int, model: nn.Module) -> bool:
        """True: stop."""
        if math.isfinite(val_loss) and val_loss < self.best_loss - self.min_delta:
            self.best_loss = val_loss
            self.best_epoch = epoch
            self._waited = 0
            self._kept = copy.deepcopy(model.state_dict())
        else:
            self._waited += 1
        return self._waited >= self.patience

    def restore(self, model: nn.Module) -> None:
        """Load what was kept, if anything was."""
        if self._kept is not None:
            model.load_state_dict(self._kept)


# ---- p3.freeze ---------------------------------------------------------------------------------------------

STAGES = ("conv1", "bn1", "layer1", "layer2", "layer3", "layer4")


def prepare(
    model: TinyResNet,
    num_classes: int,
    lr_backbone: float,
    lr_head: float,
    unfreeze: tuple[str, ...] = ("layer4",),
) -> torch.optim.Optimizer:
    """Freeze everything, make a new head, unfreeze the stages; an optimizer for what learns."""
    if not set(unfreeze) <= set(STAGES):
        raise ValueError(f"{unfreeze} names something else than {STAGES}")
    model.requires_grad_(False)
    model.fc = nn.Linear(model.fc.in_features, num_classes)
    groups = [{"params": model.fc.parameters(), "lr": lr_head}]
    for stage in set(unfreeze):
        module = getattr(model, stage).requires_grad_(True)
        groups.append({"params": module.parameters(), "lr": lr_backbone})
    return torch.optim.Adam(groups)


def train_mode(model: TinyResNet) -> None:
    """Train mode, but frozen BatchNorms stay in eval mode."""
    model.train()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d) and not module.weight.requires_grad:
            module.eval()


# ---- p3.predict --------------------------------------------------------------------------------------------

PREDICTION: dict[str, tuple[float, float] | str | list[str]] | None = {
    "accuracy": (0.68, 0.90),
    "gap": (0.02, 0.26),
    "train_loss": "higher",
    "best_epoch": "later",
    "order": ["with_800_images", "turns_alone", "thirty_percent_wrong", "upside_down", "sixteen_features"],
}

# ---- p3.recipe ---------------------------------------------------------------------------------------------


def jitter(images: Tensor, generator: Generator) -> Tensor:
    """Turns of up to 20 degrees, zoom by up to 15 %, shifts of up to a tenth."""

    def draw(limit: float, *shape: int) -> Tensor:
        return limit * (2 * torch.rand(*shape, generator=generator) - 1)

    count = len(images)
    return warp(images, draw(20, count), 1 + draw(0.15, count), draw(0.1, count, 2))


def recipe(
    images: Tensor, labels: Tensor, val_images: Tensor, val_labels: Tensor, seed: int
) -> tuple[nn.Module, list[dict[str, float]]]:
    """Augmentation, dropout and weight decay for a hundred epochs, the best of them restored."""
    torch.manual_seed(seed)
    model = SmallCNN(dropout=0.5)
    history = fit(
        model,
        images,
        labels,
        epochs=100,
        seed=seed,
        weight_decay=0.05,
        augment=jitter,
        val=(val_images, val_labels),
        stopping=EarlyStopping(patience=30),
    )
    return model, history
