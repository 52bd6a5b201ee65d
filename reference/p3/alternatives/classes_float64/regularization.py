"""Regularization that generalises, in small classes that compute in float64 and cast back at the end."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from films import Report, Row, sample_beta
from given import SmallCNN, fit
from torch import Generator, Tensor, nn
from torch.nn import functional as F

# ---- p3.smoothing ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Smoothing:
    """Label smoothing with a share eps over K classes."""

    K: int
    eps: float

    @property
    def other(self) -> float:
        """Target of a wrong class."""
        return self.eps / self.K

    @property
    def right(self) -> float:
        """Target of the right class."""
        return 1.0 - self.eps + self.other

    def targets(self, y: Tensor) -> Tensor:
        """(N, K) in double precision."""
        rows = torch.full((len(y), self.K), self.other, dtype=torch.float64)
        return rows.scatter(1, y.unsqueeze(1), self.right)

    @property
    def entropy(self) -> float:
        """Of one target, in nats."""
        weighted = ((1, self.right), (self.K - 1, self.other))
        return -math.fsum(number * share * math.log(share) for number, share in weighted if share > 0)


def smooth(y: Tensor, K: int, eps: float) -> Tensor:
    """Smoothed targets, (N, K) float32."""
    return Smoothing(K, eps).targets(y).float()


def smoothed_ce(logits: Tensor, y: Tensor, eps: float) -> Tensor:
    """Cross-entropy with smoothed targets, mean over the rows, in the logits' own precision."""
    targets = Smoothing(logits.shape[1], eps).targets(y)
    logs = logits.double().log_softmax(dim=1)
    return -(targets * logs).sum(dim=1).mean().to(logits.dtype)


def floor(K: int, eps: float) -> float:
    """Least value of `smoothed_ce`."""
    return Smoothing(K, eps).entropy


def possible(loss: float, K: int, eps: float) -> bool:
    """Whether a reported loss reaches the floor."""
    return not math.isnan(loss) and float(loss) >= floor(K, eps) - 1e-6


# ---- p3.splits ---------------------------------------------------------------------------------------------


@dataclass
class RowsByHospital:
    """Row numbers, by hospital."""

    rows: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))

    @classmethod
    def of(cls, hospitals: Tensor) -> RowsByHospital:
        """Read the hospital of every row."""
        index = cls()
        for row, hospital in enumerate(hospitals.tolist()):
            index.rows[hospital].append(row)
        return index

    def only(self, *chosen: int) -> Tensor:
        """Rows of these hospitals."""
        return self._gather(lambda hospital: hospital in chosen)

    def without(self, *left_out: int) -> Tensor:
        """Rows of all other hospitals."""
        return self._gather(lambda hospital: hospital not in left_out)

    def _gather(self, wanted: Callable[[int], bool]) -> Tensor:
        numbers = [row for hospital, rows in self.rows.items() if wanted(hospital) for row in rows]
        return torch.tensor(sorted(numbers), dtype=torch.int64)


def held_out(hospitals: Tensor, val: int, test: int) -> tuple[Tensor, Tensor, Tensor]:
    """Training, validation and test rows, each of hospitals of their own."""
    if val == test:
        raise ValueError("validation and test ask for the same hospital")
    index = RowsByHospital.of(hospitals)
    parts = index.without(val, test), index.only(val), index.only(test)
    if any(part.numel() == 0 for part in parts):
        raise ValueError("a part would be empty")
    return parts


def leave_one_out(hospitals: Tensor) -> list[tuple[int, Tensor, Tensor]]:
    """A fold for each hospital, in ascending order."""
    index = RowsByHospital.of(hospitals)
    if len(index.rows) < 2:
        raise ValueError("two hospitals at least")
    return [(number, index.without(number), index.only(number)) for number in sorted(index.rows)]


# ---- p3.diagnose -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Reading:
    """A history, and the questions that the handout's table asks of it."""

    history: list[Row]
    num_classes: int

    @property
    def last(self) -> Row:
        """The row at which the training ended."""
        return self.history[-1]

    @property
    def best(self) -> Row:
        """The first row with the least validation loss."""
        return min(self.history, key=lambda row: math.inf if math.isnan(row["val_loss"]) else row["val_loss"])

    @property
    def chance(self) -> float:
        """Loss of guessing."""
        return math.log(self.num_classes)

    @property
    def gap(self) -> float:
        """Between the accuracies of the last row."""
        return self.last["train_acc"] - self.last["val_acc"]

    def diverging(self) -> bool:
        """Worse than guessing by far, or not a number."""
        return not self.last["train_loss"] <= 2 * self.chance or not math.isfinite(self.last["train_loss"])

    def leak(self) -> bool:
        """Far worse in a hospital outside."""
        outside = self.last["external_acc"]
        return outside is not None and self.last["val_acc"] - outside >= 0.2

    def overfit(self) -> bool:
        """The validation loss has turned, and the training loss went on falling."""
        turned = self.last["val_loss"] >= 1.15 * self.best["val_loss"]
        return turned and self.last["train_loss"] < self.best["train_loss"]

    def underfit(self) -> bool:
        """Has not even learned the training set."""
        return self.last["train_acc"] < 0.6 and self.gap < 0.05

    def kind(self) -> str:
        """The first answer that fits."""
        for question in (self.diverging, self.leak, self.overfit, self.underfit):
            if question():
                return question.__name__
        return "healthy"


def diagnose(history: list[Row], num_classes: int) -> dict[str, str | int | float]:
    """Kind, best epoch, gap and chance loss."""
    reading = Reading(history, num_classes)
    return {
        "kind": reading.kind(),
        "best_epoch": reading.best["epoch"],
        "gap": reading.gap,
        "chance_loss": reading.chance,
    }


# ---- p3.mixup ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Mixture:
    """A share for each row, and the row that takes the rest."""

    share: Tensor
    partner: Tensor

    @classmethod
    def drawn(cls, rows: int, alpha: float, generator: Generator) -> Mixture:
        """Draw from the generator; the larger of the two shares stays with the row itself."""
        lam = sample_beta(alpha, rows, generator).double()
        return cls(torch.maximum(lam, 1 - lam), torch.randperm(rows, generator=generator))

    def __call__(self, rows: Tensor) -> Tensor:
        """Mix the rows of any tensor (N, ...)."""
        share = self.share.view(-1, *[1] * (rows.ndim - 1))
        exact = rows.double()
        return (share * exact + (1 - share) * exact[self.partner]).to(rows.dtype)


def mixup(
    x: Tensor, y: Tensor, alpha: float, num_classes: int, generator: Generator
) -> tuple[Tensor, Tensor]:
    """Mixed images, and targets mixed in the same way."""
    targets = F.one_hot(y, num_classes).float()
    if alpha == 0:
        return x.clone(), targets
    mixture = Mixture.drawn(len(x), alpha, generator)
    return mixture(x), mixture(targets)


# ---- p3.calibration ----------------------------------------------------------------------------------------


@dataclass
class Tally:
    """What is known of a group of rows."""

    rows: int = 0
    right: int = 0
    confidence: float = 0.0

    def add(self, right: bool, confidence: float = 0.0) -> None:
        """Count one more row."""
        self.rows += 1
        self.right += right
        self.confidence += confidence

    @property
    def accuracy(self) -> float:
        """Share of right rows."""
        return self.right / self.rows

    @property
    def gap(self) -> float:
        """Accuracy against mean confidence."""
        return abs(self.accuracy - self.confidence / self.rows)


def accuracy_by(logits: Tensor, labels: Tensor, groups: Tensor) -> dict[int, float]:
    """Accuracy within each group that has rows."""
    tallies: defaultdict[int, Tally] = defaultdict(Tally)
    right = logits.argmax(dim=1) == labels
    for group, is_right in zip(groups.tolist(), right.tolist(), strict=True):
        tallies[group].add(is_right)
    return {group: tally.accuracy for group, tally in tallies.items()}


def ece(probs: Tensor, labels: Tensor, bins: int = 15) -> float:
    """Expected calibration error; only bins with rows have a tally."""
    tallies: defaultdict[int, Tally] = defaultdict(Tally)
    confidence, predicted = probs.double().max(dim=1)
    for sure, is_right in zip(confidence.tolist(), (predicted == labels).tolist(), strict=True):
        upper = min(max(math.ceil(sure * bins), 1), bins)
        tallies[upper].add(is_right, sure)
    return math.fsum(tally.rows * tally.gap for tally in tallies.values()) / len(probs)


# ---- p3.augment --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ranges:
    """Largest changes that are drawn, to either side."""

    degrees: float = 15.0
    zoom: float = 0.12  # natural logarithm: scales from 0.887 to 1.127
    shift: float = 0.06  # of the side
    gamma: float = 0.25  # natural logarithm

    def draw(self, limit: float, generator: Generator, *shape: int) -> Tensor:
        """Even numbers between -limit and limit."""
        return limit * (2 * torch.rand(*shape, generator=generator, dtype=torch.float64) - 1)

    def maps(self, count: int, generator: Generator) -> Tensor:
        """Affine maps (N, 2, 3) of `F.affine_grid`."""
        angle = self.draw(math.radians(self.degrees), generator, count)
        zoom = self.draw(self.zoom, generator, count).exp()
        shift = 2 * self.draw(self.shift, generator, count, 2)
        turn = torch.stack([angle.cos(), -angle.sin(), angle.sin(), angle.cos()], dim=1).view(-1, 2, 2)
        return torch.cat([turn / zoom[:, None, None], shift[:, :, None]], dim=2)


RANGES = Ranges()


def augment(x: Tensor, generator: Generator, train: bool = True) -> Tensor:
    """A turn, a scale, a shift and a gamma for each film; what comes into view repeats the border."""
    if not train or x.numel() == 0:
        return x.clone()
    grid = F.affine_grid(RANGES.maps(len(x), generator), list(x.shape), align_corners=False)
    moved = F.grid_sample(x.double(), grid, padding_mode="border", align_corners=False).clamp(0, 1)
    gamma = RANGES.draw(RANGES.gamma, generator, len(x), 1, 1, 1).exp()
    return moved.pow(gamma).to(x.dtype).clamp(0, 1)


# ---- p3.strategy -------------------------------------------------------------------------------------------

STRATEGY: dict[str, tuple[float | bool, str]] | None = {
    "pretrained": (True, "keeps_good_weights"),
    "lr_ratio": (10.0, "keeps_good_weights"),
    "augmentation": (True, "new_inputs"),
    "weight_decay": (0.02, "restrains_weights"),
    "label_smoothing": (0.1, "limits_confidence"),
}

# ---- p3.generalise -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Preparation:
    """Blanks the edges, where scanners print, and removes a film's own brightness and contrast."""

    edge: int = 2

    def __call__(self, films: Tensor) -> Tensor:
        """Prepared copies of raw films."""
        inner = films[..., self.edge : -self.edge, self.edge : -self.edge].double()
        centre = inner.mean(dim=(-2, -1), keepdim=True)
        spread = inner.std(dim=(-2, -1), keepdim=True).clamp_min(1e-3)
        return F.pad((inner - centre) / spread, [self.edge] * 4).to(films.dtype)


class Reader(nn.Module):
    """A SmallCNN behind a preparation."""

    def __init__(self, prepare: Preparation) -> None:
        super().__init__()
        self.prepare = prepare
        self.network = SmallCNN(dropout=0.3)

    def forward(self, films: Tensor) -> Tensor:
        """Logits of raw films."""
        return self.network(self.prepare(films))


def train(images: Tensor, labels: Tensor, hospitals: Tensor, seed: int) -> nn.Module:
    """Train a Reader, which is blind to the edges, on all four hospitals."""
    torch.manual_seed(seed)
    model = Reader(Preparation())
    fit(model, images, labels, epochs=10, seed=seed, augment=augment, weight_decay=0.01)
    return model


def deploy(reports: list[Report]) -> str:
    """The first model with the best mean over hospitals new to all of them."""
    known = {hospital for report in reports for hospital in report["trained_on"]}
    new = sorted(set(reports[0]["accuracy"]) - known)
    if not new:
        raise ValueError("every hospital was trained on")

    def figure(report: Report) -> float:
        return math.fsum(report["accuracy"][hospital] for hospital in new) / len(new)

    return max(reports, key=figure)["name"]
