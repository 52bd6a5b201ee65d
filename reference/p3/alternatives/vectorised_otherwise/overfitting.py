"""Overfitting diagnosed and treated another way: a matrix of ties, a file in memory, callbacks, one cycle."""

from __future__ import annotations

import io
import math
from functools import reduce

import torch
from given import SmallCNN, TinyResNet, fit, warp
from torch import Generator, Tensor, nn

# ---- p3.rank -----------------------------------------------------------------------------------------------


def rank(runs: dict[str, list[float]]) -> list[set[str]]:
    """All pairs are compared at once; a walk then asks only the leader's row of the matrix."""
    if min(map(len, runs.values()), default=2) < 2:
        raise ValueError("an intervention has a single run")
    names = sorted(runs)
    arms = [torch.tensor(runs[name], dtype=torch.float64) for name in names]
    mean = torch.tensor([arm.mean() for arm in arms], dtype=torch.float64)
    square = torch.tensor([arm.var(correction=1) / len(arm) for arm in arms], dtype=torch.float64)
    ties = mean[:, None] - mean <= 2 * (square[:, None] + square).sqrt()

    def join(groups: list[list[int]], at: int) -> list[list[int]]:
        if groups and ties[groups[-1][0], at]:
            return [*groups[:-1], [*groups[-1], at]]
        return [*groups, [at]]

    order = mean.argsort(descending=True, stable=True).tolist()
    return [{names[at] for at in group} for group in reduce(join, order, [])]


# ---- p3.impact ---------------------------------------------------------------------------------------------

IMPACTS = ("raises_accuracy", "hurts_accuracy", "lowers_loss_only", "no_clear_effect")
_CODES = {
    "any_rotation": 1,
    "augmentation": 0,
    "dropout": 0,
    "dropout_and_decay": 0,
    "early_stopping": 2,
    "label_smoothing": 2,
    "long_augmentation": 3,
    "longer_training": 3,
    "mirror": 1,
    "weight_decay": 3,
}
IMPACT: dict[str, str] | None = {name: IMPACTS[code] for name, code in _CODES.items()}

# ---- p3.early_stopping -------------------------------------------------------------------------------------


class EarlyStopping:
    """Counts all epochs, remembers at which count the last improvement was, and keeps a file in memory."""

    def __init__(self, patience: int, min_delta: float = 0.0) -> None:
        if not (patience >= 1 and min_delta >= 0):
            raise ValueError("patience must be 1 or more, min_delta 0 or more")
        self.patience, self.min_delta = patience, min_delta
        self.best_loss, self.best_epoch = math.inf, None
        self._told = self._improved_at = 0
        self._file = b""

    def step(self, val_loss: float, epoch: int, model: nn.Module) -> bool:
        """Stop where the last improvement lies `patience` epochs back."""
        self._told += 1
        if -math.inf < val_loss < self.best_loss - self.min_delta:
            self.best_loss, self.best_epoch, self._improved_at = val_loss, epoch, self._told
            stream = io.BytesIO()
            torch.save(model.state_dict(), stream)
            self._file = stream.getvalue()
        return self._told - self._improved_at >= self.patience

    def restore(self, model: nn.Module) -> None:
        """Read the weights from the file."""
        if self._file:
            model.load_state_dict(torch.load(io.BytesIO(self._file), weights_only=True))


# ---- p3.freeze ---------------------------------------------------------------------------------------------


def prepare(
    model: TinyResNet,
    num_classes: int,
    lr_backbone: float,
    lr_head: float,
    unfreeze: tuple[str, ...] = ("layer4",),
) -> torch.optim.Optimizer:
    """requires_grad_ on modules, and one filter over all parameters for the optimizer."""
    stages = {name: stage for name, stage in model.named_children() if name != "fc"}
    if not stages.keys() >= set(unfreeze):
        raise ValueError(f"only {', '.join(stages)} can be unfrozen")
    model.fc = nn.Linear(model.fc.in_features, num_classes)
    for name, stage in stages.items():
        stage.requires_grad_(name in unfreeze)
    head = {id(parameter) for parameter in model.fc.parameters()}
    learning = [parameter for parameter in model.parameters() if parameter.requires_grad]
    return torch.optim.NAdam(
        [{"params": [one], "lr": lr_head if id(one) in head else lr_backbone} for one in learning]
    )


def train_mode(model: TinyResNet) -> None:
    """Children of the network tell their norms; a norm obeys its own weight."""
    model.train()
    fixed = (norm for norm in model.modules() if isinstance(norm, nn.BatchNorm2d))
    for norm in filter(lambda norm: not norm.weight.requires_grad, fixed):
        norm.train(False)


# ---- p3.predict --------------------------------------------------------------------------------------------

PREDICTION: dict[str, tuple[float, float] | str | list[str]] | None = {
    "accuracy": (0.68, 0.88),
    "gap": (0.0, 0.24),
    "train_loss": "higher",
    "best_epoch": "later",
    "order": ["with_800_images", "turns_alone", "thirty_percent_wrong", "upside_down", "sixteen_features"],
}

# ---- p3.recipe ---------------------------------------------------------------------------------------------


def jitter(images: Tensor, generator: Generator) -> Tensor:
    """All four amounts of all images in one draw, between two rows of limits."""
    low, high = torch.tensor([[-15.0, 0.82, -0.12, -0.12], [15.0, 1.18, 0.12, 0.12]])
    amounts = torch.lerp(low, high, torch.rand(len(images), 4, generator=generator))
    return warp(images, amounts[:, 0], amounts[:, 1], amounts[:, 2:])


def recipe(
    images: Tensor, labels: Tensor, val_images: Tensor, val_labels: Tensor, seed: int
) -> tuple[nn.Module, list[dict[str, float]]]:
    """One cycle of the rate, stepped by a hook on the optimizer; a callback keeps the best epoch."""
    epochs, batch_size = 80, 32
    torch.manual_seed(seed)
    model = SmallCNN(dropout=0.3)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.05, fused=True)
    steps = epochs * math.ceil(len(images) / batch_size)
    cycle = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=3e-3, total_steps=steps + 1)
    optimizer.register_step_post_hook(lambda *_: cycle.step())
    keeper = EarlyStopping(patience=epochs)

    def keep(row: dict[str, float]) -> None:
        keeper.step(row["val_loss"], int(row["epoch"]), model)

    history = fit(
        model,
        images,
        labels,
        epochs=epochs,
        seed=seed,
        batch_size=batch_size,
        optimizer=optimizer,
        augment=jitter,
        val=(val_images, val_labels),
        on_epoch=keep,
    )
    keeper.restore(model)
    return model, history
