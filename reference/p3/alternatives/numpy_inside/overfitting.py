"""Overfitting diagnosed and treated, with NumPy for statistics, kept weights, batches and random amounts."""

from __future__ import annotations

import numpy as np
import torch
from given import SmallCNN, TinyResNet, evaluate, warp
from torch import Generator, Tensor, nn
from torch.nn import functional as F

# ---- p3.rank -----------------------------------------------------------------------------------------------


def rank(runs: dict[str, list[float]]) -> list[set[str]]:
    """Means and squared errors as arrays; lexsort orders by mean, then by name."""
    names = np.array(list(runs), dtype=np.str_)
    if any(len(values) < 2 for values in runs.values()):
        raise ValueError("at least two runs are needed for a standard error")
    means = np.array([np.mean(values) for values in runs.values()], dtype=np.float64)
    squares = np.array([np.var(values, ddof=1) / len(values) for values in runs.values()], dtype=np.float64)
    groups: list[set[str]] = []
    leader = -1
    for at in np.lexsort((names, -means)):
        if leader < 0 or means[leader] - means[at] > 2 * np.sqrt(squares[leader] + squares[at]):
            groups.append(set())
            leader = at
        groups[-1].add(str(names[at]))
    return groups


# ---- p3.impact ---------------------------------------------------------------------------------------------

_RAISES, _HURTS, _LOSS, _NOTHING = "raises_accuracy", "hurts_accuracy", "lowers_loss_only", "no_clear_effect"

IMPACT: dict[str, str] | None = {
    "augmentation": _RAISES,
    "dropout": _RAISES,
    "dropout_and_decay": _RAISES,
    "any_rotation": _HURTS,
    "mirror": _HURTS,
    "early_stopping": _LOSS,
    "label_smoothing": _LOSS,
    "long_augmentation": _NOTHING,
    "longer_training": _NOTHING,
    "weight_decay": _NOTHING,
}

# ---- p3.early_stopping -------------------------------------------------------------------------------------


class EarlyStopping:
    """Keeps copies of the best weights as arrays."""

    def __init__(self, patience: int, min_delta: float = 0.0) -> None:
        if patience < 1 or np.isnan(min_delta) or min_delta < 0:
            raise ValueError("patience is at least 1, min_delta at least 0")
        self.patience, self.min_delta = patience, min_delta
        self.best_loss: float = np.inf
        self.best_epoch: int | None = None
        self._bad_epochs = 0
        self._arrays: dict[str, np.ndarray] = {}

    def step(self, val_loss: float, epoch: int, model: nn.Module) -> bool:
        """True once `patience` epochs in a row have not improved."""
        improved = bool(np.isfinite(val_loss) and val_loss < self.best_loss - self.min_delta)
        if improved:
            self.best_loss, self.best_epoch = float(val_loss), epoch
            # numpy() shares its memory with the model, which goes on learning
            self._arrays = {name: one.numpy(force=True).copy() for name, one in model.state_dict().items()}
        self._bad_epochs = 0 if improved else self._bad_epochs + 1
        return self._bad_epochs >= self.patience

    def restore(self, model: nn.Module) -> None:
        """Load the arrays, if there are any."""
        if self._arrays:
            model.load_state_dict({name: torch.from_numpy(array) for name, array in self._arrays.items()})


# ---- p3.freeze ---------------------------------------------------------------------------------------------

STAGES = frozenset({"conv1", "bn1", "layer1", "layer2", "layer3", "layer4"})


def prepare(
    model: TinyResNet,
    num_classes: int,
    lr_backbone: float,
    lr_head: float,
    unfreeze: tuple[str, ...] = ("layer4",),
) -> torch.optim.Optimizer:
    """Freeze, replace the head, unfreeze; AdamW with a group for the head and one for the stages."""
    strange = set(unfreeze) - STAGES
    if strange:
        raise ValueError(f"no such stage: {sorted(strange)}")
    for parameter in model.parameters():
        parameter.requires_grad = False
    model.fc = nn.Linear(model.fc.in_features, num_classes)
    stages = [getattr(model, name) for name in sorted(set(unfreeze))]
    backbone = [parameter for stage in stages for parameter in stage.parameters()]
    for parameter in backbone:
        parameter.requires_grad = True
    return torch.optim.AdamW(
        [{"params": list(model.fc.parameters()), "lr": lr_head}, {"params": backbone, "lr": lr_backbone}]
    )


def train_mode(model: TinyResNet) -> None:
    """Train mode for all but the fixed norms."""
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    model.train()
    for norm in norms:
        norm.train(norm.weight.requires_grad)


# ---- p3.predict --------------------------------------------------------------------------------------------

PREDICTION: dict[str, tuple[float, float] | str | list[str]] | None = {
    "accuracy": (0.67, 0.87),
    "gap": (0.0, 0.25),
    "train_loss": "higher",
    "best_epoch": "later",
    "order": ["with_800_images", "turns_alone", "thirty_percent_wrong", "upside_down", "sixteen_features"],
}

# ---- p3.recipe ---------------------------------------------------------------------------------------------

LIMITS = np.array([18.0, 0.15, 0.1, 0.1], np.float32)  # degrees, zoom, shift to the right, shift down


def jitter(images: Tensor, generator: Generator) -> Tensor:
    """Even amounts between the limits, for each image."""
    even = torch.rand(len(images), len(LIMITS), generator=generator).numpy()
    amounts = torch.from_numpy(LIMITS * (2 * even - 1))
    return warp(images, amounts[:, 0], 1 + amounts[:, 1], amounts[:, 2:])


def recipe(
    images: Tensor, labels: Tensor, val_images: Tensor, val_labels: Tensor, seed: int
) -> tuple[nn.Module, list[dict[str, float]]]:
    """NumPy orders the batches; a cosine takes the rate of AdamW down to a tenth."""
    epochs, top = 90, 2e-3
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    generator = Generator().manual_seed(seed)
    model = SmallCNN(dropout=0.4)
    optimizer = torch.optim.AdamW(model.parameters(), weight_decay=0.02, fused=True)
    rates = top * (0.55 + 0.45 * np.cos(np.linspace(0, np.pi, epochs)))
    keeper = EarlyStopping(patience=epochs)
    history: list[dict[str, float]] = []
    for epoch, rate in enumerate(rates.tolist(), start=1):
        for group in optimizer.param_groups:
            group["lr"] = rate
        model.train()
        for rows in np.array_split(rng.permutation(len(images)), -(-len(images) // 32)):
            batch = torch.from_numpy(rows)
            loss = F.cross_entropy(model(jitter(images[batch], generator)), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        train_loss, train_acc = evaluate(model, images, labels)
        val_loss, val_acc = evaluate(model, val_images, val_labels)
        figures = (epoch, train_loss, train_acc, val_loss, val_acc)
        names = ("epoch", "train_loss", "train_acc", "val_loss", "val_acc")
        history.append(dict(zip(names, figures, strict=True)))
        keeper.step(val_loss, epoch, model)
    keeper.restore(model)
    return model, history
