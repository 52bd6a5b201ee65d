"""Regularization that generalises, by equal formulas: masks, matrix products, cumulated sums, hooks."""

import math

import torch
from films import Report, Row, sample_beta
from given import SmallCNN, fit
from torch import Generator, Tensor, nn
from torch.nn import functional as F

# ---- p3.smoothing ------------------------------------------------------------------------------------------


def smooth(y: Tensor, K: int, eps: float) -> Tensor:
    """Compare every label with every class, and choose between the two values that a target can have."""
    other = eps / K
    return torch.where(y[:, None] == torch.arange(K), 1 - eps + other, other)


def smoothed_ce(logits: Tensor, y: Tensor, eps: float) -> Tensor:
    """Targets sum to 1, so the loss is the normaliser minus the expected logit."""
    expected = torch.lerp(logits.gather(1, y[:, None]).squeeze(1), logits.mean(dim=1), eps)
    return (logits.logsumexp(dim=1) - expected).mean()


def floor(K: int, eps: float) -> float:
    """torch's entr is -p ln p, and 0 at 0."""
    shares = torch.tensor([1 - eps * (1 - 1 / K), eps / K], dtype=torch.float64)
    return float(torch.special.entr(shares) @ torch.tensor([1, K - 1], dtype=torch.float64))


def possible(loss: float, K: int, eps: float) -> bool:
    """Whether a loss reaches the floor; NaN reaches nothing."""
    return bool(loss - floor(K, eps) >= -1e-6)


# ---- p3.splits ---------------------------------------------------------------------------------------------


def held_out(hospitals: Tensor, val: int, test: int) -> tuple[Tensor, Tensor, Tensor]:
    """Number the parts 0, 1, 2 for every row, sort the rows by that number, and cut."""
    part = (hospitals == val).long() + 2 * (hospitals == test).long()
    if part.bincount(minlength=3)[:3].eq(0).any() or val == test:
        raise ValueError("each part needs rows of a hospital of its own")
    train, val_rows, test_rows = part.argsort(stable=True).split(part.bincount(minlength=3).tolist())
    return train, val_rows, test_rows


def leave_one_out(hospitals: Tensor) -> list[tuple[int, Tensor, Tensor]]:
    """Sort the rows by hospital and cut; a fold trains on all pieces but one."""
    numbers, counts = hospitals.unique(return_counts=True)
    if len(numbers) < 2:
        raise ValueError("a single hospital cannot be left out")
    pieces = hospitals.argsort(stable=True).split(counts.tolist())
    return [
        (number, torch.cat(pieces[:at] + pieces[at + 1 :]), pieces[at])
        for at, number in enumerate(numbers.tolist())
    ]


# ---- p3.diagnose -------------------------------------------------------------------------------------------


def diagnose(history: list[Row], num_classes: int) -> dict[str, str | int | float]:
    """Sort the measured rows by validation loss; the kinds are a column of conditions."""
    last = history[-1]
    best = sorted(
        (row["val_loss"], at) for at, row in enumerate(history) if row["val_loss"] == row["val_loss"]
    )
    least, at = best[0]
    chance = -math.log(1 / num_classes)
    gap = last["train_acc"] - last["val_acc"]
    outside = last["external_acc"]
    lost = 0.0 if outside is None else last["val_acc"] - outside
    conditions = (
        (not 0 <= last["train_loss"] <= 2 * chance, "diverging"),
        (lost >= 0.2, "leak"),
        (last["val_loss"] >= 1.15 * least and last["train_loss"] < history[at]["train_loss"], "overfit"),
        (last["train_acc"] < 0.6 and gap < 0.05, "underfit"),
        (True, "healthy"),
    )
    kind = next(name for holds, name in conditions if holds)
    return {"kind": kind, "best_epoch": history[at]["epoch"], "gap": gap, "chance_loss": chance}


# ---- p3.mixup ----------------------------------------------------------------------------------------------


def mixup(
    x: Tensor, y: Tensor, alpha: float, num_classes: int, generator: Generator
) -> tuple[Tensor, Tensor]:
    """One mixing matrix, lam on its diagonal and the rest at the partners, times images and targets."""
    eye = torch.eye(len(x))
    mixing = eye
    if alpha > 0:
        lam = sample_beta(alpha, len(x), generator)[:, None]
        mixing = lam * eye + (1 - lam) * eye[torch.randperm(len(x), generator=generator)]
    targets = F.one_hot(y, num_classes).float()
    return torch.einsum("ij,j...->i...", mixing, x), mixing @ targets


# ---- p3.calibration ----------------------------------------------------------------------------------------


def accuracy_by(logits: Tensor, labels: Tensor, groups: Tensor) -> dict[int, float]:
    """A membership matrix (groups, rows) times the column of right rows."""
    names = groups.unique()
    members = (names[:, None] == groups).double()
    right = (logits.argmax(dim=1) == labels).double()
    return dict(zip(names.tolist(), (members @ right / members.sum(dim=1)).tolist(), strict=True))


def ece(probs: Tensor, labels: Tensor, bins: int = 15) -> float:
    """Sort by confidence: a bin's gap is the difference of a cumulated sum between its two ends."""
    confidence, predicted = probs.double().max(dim=1)
    confidence, order = confidence.sort()
    surplus = (predicted == labels).double()[order] - confidence
    cumulated = F.pad(surplus.cumsum(0), (1, 0))
    ends = torch.arange(bins + 1, dtype=torch.float64) / bins
    ends[0], ends[-1] = -1.0, 2.0  # rounding may take a confidence a little beyond 1
    # The number of confidences up to and including each end.
    below = torch.searchsorted(confidence, ends, right=True)
    return cumulated[below].diff().abs().sum().item() / len(probs)


# ---- p3.augment --------------------------------------------------------------------------------------------


def _reading(places: Tensor, size: int) -> Tensor:
    """(N, size) real-valued places to matrices (N, size, size) that read there, linearly between pixels."""
    inside = places.clamp(0, size - 1)
    return F.relu(1 - (inside[:, :, None] - torch.arange(size)).abs())


def augment(x: Tensor, generator: Generator, train: bool = True) -> Tensor:
    """Scale and shift are separable: one matrix for the rows of a film, one for its columns."""
    if not train:
        return x
    count, _, size, _ = x.shape
    zoom, down, right, contrast = torch.rand(4, count, 1, generator=generator)
    offsets = torch.arange(size) - (size - 1) / 2
    stretched = (size - 1) / 2 + offsets / (0.85 + 0.3 * zoom)
    rows, columns = (_reading(stretched + 0.16 * size * (draw - 0.5), size) for draw in (down, right))
    moved = torch.einsum("nij,ncjk,nlk->ncil", rows, x, columns)
    mean = moved.mean(dim=(1, 2, 3), keepdim=True)
    return torch.lerp(mean, moved, (0.8 + 0.4 * contrast).view(-1, 1, 1, 1)).clamp(0, 1)


# ---- p3.strategy -------------------------------------------------------------------------------------------

STRATEGY: dict[str, tuple[float | bool, str]] | None = {
    "augmentation": (True, "new_inputs"),
    "mixup": (0.3, "new_inputs"),
    "label_smoothing": (0.1, "limits_confidence"),
    "dropout": (0.2, "restrains_weights"),
    "weight_decay": (1e-3, "restrains_weights"),
    "pretrained": (True, "keeps_good_weights"),
    "early_stopping": (15, "keeps_good_weights"),
    "lr_ratio": (5, "keeps_good_weights"),
}

# ---- p3.generalise -----------------------------------------------------------------------------------------


def _centre(_: nn.Module, arguments: tuple[Tensor]) -> tuple[Tensor]:
    """The middle 22 x 22 pixels, where nothing is printed, enlarged again and normalised film by film."""
    middle = F.interpolate(arguments[0][..., 3:-3, 3:-3], size=28, mode="bilinear", align_corners=False)
    return (F.layer_norm(middle, middle.shape[1:]),)


def train(images: Tensor, labels: Tensor, hospitals: Tensor, seed: int) -> nn.Module:
    """A SmallCNN with a hook that prepares the films in front of it, in training and in use."""
    torch.manual_seed(seed)
    model = SmallCNN(dropout=0.25)
    model.register_forward_pre_hook(_centre)
    fit(model, images, labels, epochs=12, seed=seed, lr=2e-3, weight_decay=0.05, batch_size=64, smoothing=0.1)
    return model


def deploy(reports: list[Report]) -> str:
    """Mask the hospitals that were trained on, then compare the row means of the table."""
    hospitals = list(reports[0]["accuracy"])
    new = torch.tensor([all(one not in report["trained_on"] for report in reports) for one in hospitals])
    if not new.any():
        raise ValueError("no hospital is new to all models")
    table = torch.tensor(
        [[row["accuracy"][one] for one in hospitals] for row in reports], dtype=torch.float64
    )
    return reports[int(table[:, new].mean(dim=1).argmax())]["name"]
