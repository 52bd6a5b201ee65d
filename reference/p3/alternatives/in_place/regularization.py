"""Regularization that generalises: loops, early returns, buffers that are filled and changed in place."""

import math

import torch
from films import Report, Row, sample_beta
from given import SmallCNN, fit
from torch import Generator, Tensor, nn
from torch.nn import functional as F

# ---- p3.smoothing ------------------------------------------------------------------------------------------


def smooth(y: Tensor, K: int, eps: float) -> Tensor:
    """Targets (N, K): a buffer of eps / K to which each row's class adds the rest."""
    targets = torch.full((len(y), K), eps / K)
    for row, label in zip(targets, y.tolist(), strict=True):
        row[label] += 1 - eps
    return targets


def smoothed_ce(logits: Tensor, y: Tensor, eps: float) -> Tensor:
    """Mean over the rows of the cross-entropy with smoothed targets."""
    logs = F.log_softmax(logits, dim=1)
    losses = logs.new_empty(len(y))
    for row, label in enumerate(y.tolist()):
        losses[row] = -(1 - eps) * logs[row, label] - eps * logs[row].mean()
    return losses.mean()


def floor(K: int, eps: float) -> float:
    """Least smoothed cross-entropy: no network does better than to answer with the targets themselves."""
    if eps == 0:
        return 0.0
    other = eps / K
    right = 1 - (K - 1) * other
    return -right * math.log(right) - (K - 1) * other * math.log(other)


def possible(loss: float, K: int, eps: float) -> bool:
    """Whether a mean smoothed loss can have been this small."""
    if math.isnan(loss):
        return False
    return not loss < floor(K, eps) - 1e-6


# ---- p3.splits ---------------------------------------------------------------------------------------------


def held_out(hospitals: Tensor, val: int, test: int) -> tuple[Tensor, Tensor, Tensor]:
    """Walk over the rows once and put each into the list of its part."""
    if val == test:
        raise ValueError("validation and test are the same hospital")
    train_rows: list[int] = []
    val_rows: list[int] = []
    test_rows: list[int] = []
    for row, hospital in enumerate(hospitals.tolist()):
        if hospital == val:
            val_rows.append(row)
        elif hospital == test:
            test_rows.append(row)
        else:
            train_rows.append(row)
    if not (train_rows and val_rows and test_rows):
        raise ValueError("one of the three parts is empty")
    return torch.tensor(train_rows), torch.tensor(val_rows), torch.tensor(test_rows)


def leave_one_out(hospitals: Tensor) -> list[tuple[int, Tensor, Tensor]]:
    """Each hospital is the test once; the rows of a hospital are collected in one walk."""
    rows: dict[int, list[int]] = {}
    for row, hospital in enumerate(hospitals.tolist()):
        rows.setdefault(hospital, []).append(row)
    if len(rows) < 2:
        raise ValueError("with fewer than two hospitals nothing is left to train on")
    folds = []
    for number in sorted(rows):
        others: list[int] = []
        for hospital, members in rows.items():
            if hospital != number:
                others += members
        folds.append((number, torch.tensor(others), torch.tensor(rows[number])))
    return folds


# ---- p3.diagnose -------------------------------------------------------------------------------------------


def _kind(last: Row, best: Row, chance: float) -> str:
    """The first line of the handout's table that fits."""
    if not math.isfinite(last["train_loss"]):
        return "diverging"
    if last["train_loss"] > 2 * chance:
        return "diverging"
    external = last["external_acc"]
    if external is not None and external <= last["val_acc"] - 0.2:
        return "leak"
    risen = last["val_loss"] >= 1.15 * best["val_loss"]
    if risen and last["train_loss"] < best["train_loss"]:
        return "overfit"
    if last["train_acc"] < 0.6 and last["train_acc"] - last["val_acc"] < 0.05:
        return "underfit"
    return "healthy"


def diagnose(history: list[Row], num_classes: int) -> dict[str, str | int | float]:
    """Read a training history: the best row by a walk that NaN cannot win, the rest from the last row."""
    best = None
    for row in history:
        if math.isnan(row["val_loss"]):
            continue
        if best is None or row["val_loss"] < best["val_loss"]:
            best = row
    assert best is not None, "some validation loss is a number"
    last = history[-1]
    chance = math.log(num_classes)
    return {
        "kind": _kind(last, best, chance),
        "best_epoch": best["epoch"],
        "gap": last["train_acc"] - last["val_acc"],
        "chance_loss": chance,
    }


# ---- p3.mixup ----------------------------------------------------------------------------------------------


def mixup(
    x: Tensor, y: Tensor, alpha: float, num_classes: int, generator: Generator
) -> tuple[Tensor, Tensor]:
    """Two clones, mixed in place with permuted copies of themselves."""
    mixed = x.clone()
    targets = torch.zeros(len(y), num_classes).scatter_(1, y[:, None], 1.0)
    if alpha == 0:
        return mixed, targets
    lam = float(sample_beta(alpha, 1, generator))
    lam = max(lam, 1 - lam)
    order = torch.randperm(len(x), generator=generator)
    for batch in (mixed, targets):
        partners = batch[order]  # indexing copies, so what follows does not change the partners
        batch.mul_(lam).add_(partners, alpha=1 - lam)
    return mixed, targets


# ---- p3.calibration ----------------------------------------------------------------------------------------


def accuracy_by(logits: Tensor, labels: Tensor, groups: Tensor) -> dict[int, float]:
    """Count rows and right rows of each group in one walk."""
    if len(labels) == 0:
        return {}
    right: dict[int, int] = {}
    count: dict[int, int] = {}
    guesses = logits.argmax(dim=1).tolist()
    for guess, label, group in zip(guesses, labels.tolist(), groups.tolist(), strict=True):
        right[group] = right.get(group, 0) + (guess == label)
        count[group] = count.get(group, 0) + 1
    return {group: right[group] / count[group] for group in sorted(count)}


def ece(probs: Tensor, labels: Tensor, bins: int = 15) -> float:
    """Go through the bins; each adds its gap times its share of the rows."""
    confidence, guess = probs.max(dim=1)
    right = guess.eq(labels).double()
    confidence = confidence.double()
    number = (confidence * bins).ceil_().sub_(1).clamp_(0, bins - 1)
    error = 0.0
    for k in range(bins):
        here = number == k
        if not here.any():
            continue
        gap = right[here].mean() - confidence[here].mean()
        error += gap.abs().item() * here.sum().item() / len(probs)
    return error


# ---- p3.augment --------------------------------------------------------------------------------------------


def augment(x: Tensor, generator: Generator, train: bool = True) -> Tensor:
    """Move each film by whole pixels, repeating its edge, then change its gamma and add a little noise."""
    out = x.clone()
    if not train:
        return out
    size = x.shape[-1]
    reach = max(1, round(0.1 * size))
    places = torch.arange(size)
    noise = torch.empty_like(x[:1])
    for film, given in zip(out, x, strict=True):
        down, right = torch.randint(-reach, reach + 1, (2,), generator=generator).tolist()
        rows, columns = (places - down).clamp_(0, size - 1), (places - right).clamp_(0, size - 1)
        film.copy_(given[:, rows][:, :, columns])
        film.pow_(0.8 + 0.4 * torch.rand((), generator=generator).item())
        noise.normal_(0, 0.05, generator=generator)
        film.add_(noise[0]).clamp_(0, 1)
    return out


# ---- p3.strategy -------------------------------------------------------------------------------------------

STRATEGY: dict[str, tuple[float | bool, str]] | None = {
    "augmentation": (True, "new_inputs"),
    "mixup": (0.2, "new_inputs"),
    "weight_decay": (0.01, "restrains_weights"),
    "early_stopping": (5, "keeps_good_weights"),
    "pretrained": (True, "keeps_good_weights"),
}

# ---- p3.generalise -----------------------------------------------------------------------------------------


class Standardised(nn.Module):
    """Takes each film's median for zero and its own deviation for one, then asks a SmallCNN."""

    def __init__(self) -> None:
        super().__init__()
        self.network = SmallCNN()

    def forward(self, films: Tensor) -> Tensor:
        """Logits of raw films."""
        flat = films.flatten(1)
        films = films - flat.median(dim=1).values.view(-1, 1, 1, 1)
        films.div_(flat.std(dim=1).clamp_min_(1e-2).view(-1, 1, 1, 1))
        return self.network(films)


def _unreliable(batch: Tensor, generator: Generator) -> Tensor:
    """Overwrite the upper edge with that of another film: the mark printed there then tells nothing."""
    batch = batch.clone()
    partner = torch.randperm(len(batch), generator=generator)
    batch[:, :, :3] = batch[partner, :, :3]
    return augment(batch, generator)


def train(images: Tensor, labels: Tensor, hospitals: Tensor, seed: int) -> nn.Module:
    """Train with marks that can no longer be relied on; in use the films stay as they are."""
    torch.manual_seed(seed)
    model = Standardised()
    fit(model, images, labels, epochs=8, seed=seed, augment=_unreliable, weight_decay=1e-3)
    return model


def deploy(reports: list[Report]) -> str:
    """Strike out the hospitals that were trained on, then keep the best mean so far, the first of equals."""
    new = list(reports[0]["accuracy"])
    for report in reports:
        for hospital in report["trained_on"]:
            if hospital in new:
                new.remove(hospital)
    if not new:
        raise ValueError("no hospital is new to every model")
    winner, best = "", -math.inf
    for report in reports:
        mean = sum(report["accuracy"][hospital] for hospital in new) / len(new)
        if mean > best:
            winner, best = report["name"], mean
    return winner
