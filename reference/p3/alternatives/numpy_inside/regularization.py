"""Regularization that generalises, with NumPy inside and tensors only where they come in and go out."""

import math

import numpy as np
import torch
from films import Report, Row, sample_beta
from given import SmallCNN, fit
from torch import Generator, Tensor, nn

# ---- p3.smoothing ------------------------------------------------------------------------------------------


def _targets(y: np.ndarray, K: int, eps: float) -> np.ndarray:
    """Smoothed targets in double precision."""
    return (1 - eps) * np.eye(K)[y] + eps / K


def smooth(y: Tensor, K: int, eps: float) -> Tensor:
    """Smoothed targets, (N, K) float32."""
    return torch.from_numpy(_targets(y.numpy(), K, eps).astype(np.float32))


def smoothed_ce(logits: Tensor, y: Tensor, eps: float) -> Tensor:
    """Cross-entropy with smoothed targets; linear in the logits apart from the normaliser."""
    table = logits.numpy(force=True).astype(np.float64)
    top = table.max(axis=1, keepdims=True)
    logs = table - top - np.log(np.exp(table - top).sum(axis=1, keepdims=True))
    loss = -(_targets(y.numpy(), table.shape[1], eps) * logs).sum(axis=1).mean()
    return torch.tensor(loss, dtype=logits.dtype)


def floor(K: int, eps: float) -> float:
    """Entropy of a smoothed target, 0 ln 0 being 0."""
    target = _targets(np.array(0), K, eps)
    target = target[target > 0]
    return float(-(target * np.log(target)).sum())


def possible(loss: float, K: int, eps: float) -> bool:
    """Whether a mean of `smoothed_ce` can be this small."""
    return bool(np.greater_equal(loss, floor(K, eps) - 1e-6))


# ---- p3.splits ---------------------------------------------------------------------------------------------


def _rows(mask: np.ndarray) -> Tensor:
    """Row numbers at which a mask is true."""
    return torch.from_numpy(np.flatnonzero(mask).astype(np.int64))


def held_out(hospitals: Tensor, val: int, test: int) -> tuple[Tensor, Tensor, Tensor]:
    """Three masks over the rows, one for each part."""
    numbers = hospitals.numpy()
    masks = ~np.isin(numbers, [val, test]), numbers == val, numbers == test
    if val == test or not all(mask.any() for mask in masks):
        raise ValueError(f"hospitals {val} and {test} do not leave three parts with rows")
    train_rows, val_rows, test_rows = map(_rows, masks)
    return train_rows, val_rows, test_rows


def leave_one_out(hospitals: Tensor) -> list[tuple[int, Tensor, Tensor]]:
    """Folds in ascending order: np.unique sorts."""
    numbers = hospitals.numpy()
    distinct = np.unique(numbers)
    if distinct.size < 2:
        raise ValueError("at least two hospitals are needed")
    return [(int(one), _rows(numbers != one), _rows(numbers == one)) for one in distinct]


# ---- p3.diagnose -------------------------------------------------------------------------------------------


def diagnose(history: list[Row], num_classes: int) -> dict[str, str | int | float]:
    """Columns instead of rows; nanargmin leaves NaN out and takes the first of equals."""
    train_loss, val_loss, train_acc, val_acc = (
        np.array([row[key] for row in history], dtype=np.float64)
        for key in ("train_loss", "val_loss", "train_acc", "val_acc")
    )
    external = history[-1]["external_acc"]
    outside = np.nan if external is None else external  # comparisons with NaN are false
    best = int(np.nanargmin(val_loss))
    chance = float(np.log(num_classes))
    gap = float(train_acc[-1] - val_acc[-1])
    signs = {
        "diverging": not np.isfinite(train_loss[-1]) or train_loss[-1] > 2 * chance,
        "leak": val_acc[-1] - outside >= 0.2,
        "overfit": val_loss[-1] >= 1.15 * val_loss[best] and train_loss[-1] < train_loss[best],
        "underfit": train_acc[-1] < 0.6 and gap < 0.05,
        "healthy": True,
    }
    kind = next(name for name, shown in signs.items() if shown)
    return {"kind": kind, "best_epoch": history[best]["epoch"], "gap": gap, "chance_loss": chance}


# ---- p3.mixup ----------------------------------------------------------------------------------------------


def mixup(
    x: Tensor, y: Tensor, alpha: float, num_classes: int, generator: Generator
) -> tuple[Tensor, Tensor]:
    """A share for each row, used for its image and its target."""
    images = x.numpy()
    targets = np.eye(num_classes, dtype=np.float32)[y.numpy()]
    if alpha == 0:
        return torch.from_numpy(images.copy()), torch.from_numpy(targets)
    lam = sample_beta(alpha, len(x), generator).numpy()
    order = torch.randperm(len(x), generator=generator).numpy()

    def blend(rows: np.ndarray) -> Tensor:
        share = lam.reshape(-1, *[1] * (rows.ndim - 1))
        return torch.from_numpy(share * rows + (1 - share) * rows[order])

    return blend(images), blend(targets)


# ---- p3.calibration ----------------------------------------------------------------------------------------


def accuracy_by(logits: Tensor, labels: Tensor, groups: Tensor) -> dict[int, float]:
    """bincount adds up the right rows of each group."""
    right = logits.numpy().argmax(axis=1) == labels.numpy()
    names, place, counts = np.unique(groups.numpy(), return_inverse=True, return_counts=True)
    shares = np.bincount(place, weights=right, minlength=len(names)) / counts
    return dict(zip(names.tolist(), shares.tolist(), strict=True))


def ece(probs: Tensor, labels: Tensor, bins: int = 15) -> float:
    """A histogram of (right - confidence) over the bins."""
    table = probs.numpy().astype(np.float64)
    confidence, right = table.max(axis=1), table.argmax(axis=1) == labels.numpy()
    place = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    return float(np.abs(np.bincount(place, weights=right - confidence)).sum() / len(table))


# ---- p3.augment --------------------------------------------------------------------------------------------


def _resampled(films: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Films (N, H, W) read bilinearly at real-valued places (N, H, W); beyond the border, the border."""
    last = films.shape[-1] - 1
    rows, columns = np.clip(rows, 0, last), np.clip(columns, 0, last)
    top, left = np.minimum(np.floor((rows, columns)), last - 1).astype(int)
    down, right = rows - top, columns - left
    film = np.arange(len(films))[:, None, None]
    upper = (1 - right) * films[film, top, left] + right * films[film, top, left + 1]
    lower = (1 - right) * films[film, top + 1, left] + right * films[film, top + 1, left + 1]
    return (1 - down) * upper + down * lower


def augment(x: Tensor, generator: Generator, train: bool = True) -> Tensor:
    """Turned by up to 12 degrees, scaled by 0.9 to 1.1, shifted by up to 7 % of the side, lit anew."""
    if not train or len(x) == 0:
        return x
    size = x.shape[-1]
    draws = 2 * torch.rand(5, len(x), 1, 1, generator=generator).numpy().astype(np.float64) - 1
    angle, zoom, light = np.radians(12) * draws[0], 1 + 0.1 * draws[1], 0.1 * draws[4]
    down, right = 0.07 * size * draws[2:4]
    centre = (size - 1) / 2
    rows, columns = np.mgrid[:size, :size] - centre
    cos, sin = np.cos(angle) / zoom, np.sin(angle) / zoom
    moved = _resampled(
        x[:, 0].numpy(),
        cos * rows - sin * columns + centre + down,
        sin * rows + cos * columns + centre + right,
    )
    return torch.from_numpy(np.clip(moved + light, 0, 1).astype(np.float32)[:, None])


# ---- p3.strategy -------------------------------------------------------------------------------------------

STRATEGY: dict[str, tuple[float | bool, str]] | None = {
    "augmentation": (True, "new_inputs"),
    "mixup": (0.4, "new_inputs"),
    "label_smoothing": (0.05, "limits_confidence"),
    "dropout": (0.3, "restrains_weights"),
    "weight_decay": (0.05, "restrains_weights"),
    "early_stopping": (8, "keeps_good_weights"),
}

# ---- p3.generalise -----------------------------------------------------------------------------------------


class PerFilm(nn.Module):
    """Brings each film to mean 0 and deviation 1, so that a scanner's contrast does not count."""

    def __init__(self) -> None:
        super().__init__()
        self.network = SmallCNN(dropout=0.25)

    def forward(self, films: Tensor) -> Tensor:
        """Logits of raw films."""
        mean, std = films.mean(dim=(1, 2, 3), keepdim=True), films.std(dim=(1, 2, 3), keepdim=True)
        return self.network((films - mean) / (std + 1e-2))


def train(images: Tensor, labels: Tensor, hospitals: Tensor, seed: int) -> nn.Module:
    """Three copies of the films, each with the upper edge of other films, so that the mark there misleads."""
    rng = np.random.default_rng(seed)
    films = np.tile(images.numpy(), (3, 1, 1, 1))
    films[:, :, :3] = films[rng.permutation(len(films)), :, :3]
    torch.manual_seed(seed)
    model = PerFilm()
    fit(model, torch.from_numpy(films), labels.repeat(3), epochs=5, seed=seed, batch_size=64)
    return model


def deploy(reports: list[Report]) -> str:
    """argmax over the means; it takes the first of equals."""
    known = set().union(*(report["trained_on"] for report in reports))
    new = [hospital for hospital in reports[0]["accuracy"] if hospital not in known]
    if not new:
        raise ValueError("nothing can be said about a new hospital")
    means = [math.fsum(report["accuracy"][hospital] for hospital in new) / len(new) for report in reports]
    return reports[int(np.argmax(means))]["name"]
