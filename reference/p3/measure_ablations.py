"""Measures what each intervention does to a small network on 200 noisy digits. Not handed out.

    python reference/p3/measure_ablations.py [SEEDS [ARM ...]]

Trains every arm on the same seeds (so that arms can be compared seed by seed: same images, same wrong labels,
same first weights) and prints its figures. Without names of arms it also writes the shipped table,
assignments/p3/ablations_public.json. The arms of HIDDEN are printed only: they are the key of p3.predict's
order and stand in assignments/p3/test_hidden_overfitting_runs.py.
"""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from given import SmallCNN, clean_digits, evaluate, fit, warp
from torch import Generator, Tensor, nn

from grader.datasets.digits import HARD, digits
from grader.datasets.label_noise import mislabel

TABLE = Path(__file__).parents[2] / "assignments" / "p3" / "ablations_public.json"
TEST_IMAGES = 2000
SHORT, LONG = 40, 100  # epochs


@dataclass(frozen=True)
class Moves:
    """A random warp; every amount is uniform to either side."""

    degrees: float = 20.0
    zoom: float = 0.15
    shift: float = 0.1
    mirror: bool = False

    def __call__(self, images: Tensor, generator: Generator) -> Tensor:
        def amount(limit: float, *more: int) -> Tensor:
            return limit * (2 * torch.rand(len(images), *more, generator=generator) - 1)

        if self.mirror:
            turned = torch.rand(len(images), 1, 1, 1, generator=generator) < 0.5
            images = torch.where(turned, images.flip(-1), images)
        return warp(images, amount(self.degrees), 1 + amount(self.zoom), amount(self.shift, 2))


class BestWeights:
    """Early stopping: patience in epochs, the weights of the least validation loss come back."""

    def __init__(self, patience: int) -> None:
        self.patience, self.waited, self.best = patience, 0, float("inf")
        self.kept: dict[str, Tensor] = {}

    def step(self, val_loss: float, epoch: int, model: nn.Module) -> bool:
        self.waited += 1
        if val_loss < self.best:
            self.best, self.waited = val_loss, 0
            self.kept = {name: value.clone() for name, value in model.state_dict().items()}
        return self.waited >= self.patience

    def restore(self, model: nn.Module) -> None:
        model.load_state_dict(self.kept)


@dataclass(frozen=True)
class Setup:
    """One arm; the defaults are the plain training."""

    what: str
    against: str | None = "plain"
    epochs: int = SHORT
    moves: Moves | None = None
    dropout: float = 0.0
    weight_decay: float = 0.0
    smoothing: float = 0.0
    patience: int | None = None
    images: int = 200
    wrong: float = 0.1
    shrink: Callable[[SmallCNN], object] | None = None


def narrow(model: SmallCNN) -> None:
    """Sixteen hidden features instead of 128."""
    model.hidden, model.head = nn.Linear(32 * 7 * 7, 16), nn.Linear(16, 10)


MOVES = Moves()
SHIPPED = {
    "plain": Setup("Adam at 1e-3 for 40 epochs, nothing else", against=None),
    "weight_decay": Setup("decoupled weight decay 0.05", weight_decay=0.05),
    "early_stopping": Setup("patience 10, the best weights restored", patience=10),
    "any_rotation": Setup(
        "long_augmentation with turns of up to 180 degrees",
        "long_augmentation",
        LONG,
        Moves(degrees=180.0),
    ),
    "augmentation": Setup("turns to 20 degrees, zoom to 15 %, shifts to 10 %", moves=MOVES),
    "longer_training": Setup("100 epochs instead of 40", epochs=LONG),
    "dropout": Setup("0.5 before the last layer", dropout=0.5),
    "mirror": Setup(
        "long_augmentation with every second image mirrored", "long_augmentation", LONG, Moves(mirror=True)
    ),
    "label_smoothing": Setup("0.1", smoothing=0.1),
    "long_augmentation": Setup("augmentation for 100 epochs instead of 40", "augmentation", LONG, MOVES),
    "dropout_and_decay": Setup(
        "long_augmentation with dropout 0.5 and weight decay 0.05",
        "long_augmentation",
        LONG,
        MOVES,
        dropout=0.5,
        weight_decay=0.05,
    ),
}
HIDDEN = {
    "with_800_images": Setup("800 images, 80 labelled wrong", images=800),
    "turns_alone": Setup("turns to 20 degrees, no shifts, no zoom", moves=Moves(20.0, 0.0, 0.0)),
    "upside_down": Setup("turns of any angle", moves=Moves(180.0, 0.0, 0.0)),
    "sixteen_features": Setup("a hidden layer of 16 instead of 128", shrink=narrow),
    "thirty_percent_wrong": Setup("60 wrong labels instead of 20", wrong=0.3),
}


def run(setup: Setup, seed: int) -> dict[str, float]:
    """One training: accuracy and loss on new clean digits, and what its history says."""
    images, truth = digits(setup.images, (seed, 0), distortion=HARD)
    labels = mislabel(truth, setup.wrong, 10, (seed, 1))
    val_images, val_labels = digits(200, (seed, 2), distortion=HARD)
    torch.manual_seed(seed)
    model = SmallCNN(dropout=setup.dropout)
    if setup.shrink is not None:
        setup.shrink(model)
    history = fit(
        model,
        torch.from_numpy(images),
        torch.from_numpy(labels),
        epochs=setup.epochs,
        seed=seed,
        weight_decay=setup.weight_decay,
        smoothing=setup.smoothing,
        augment=setup.moves,
        val=(torch.from_numpy(val_images), torch.from_numpy(val_labels)),
        stopping=None if setup.patience is None else BestWeights(setup.patience),
    )
    loss, accuracy = evaluate(model, *clean_digits(TEST_IMAGES, seed + 1000))
    best = min(history, key=lambda row: row["val_loss"])
    return {
        "accuracy": round(accuracy, 4),
        "loss": round(loss, 4),
        "train_loss": round(history[-1]["train_loss"], 4),
        "gap": round(history[-1]["train_acc"] - history[-1]["val_acc"], 4),
        "best_epoch": best["epoch"],
    }


def main() -> None:
    torch.set_num_threads(1)
    seeds = range(int(sys.argv[1]) if len(sys.argv) > 1 else 10)
    arms = SHIPPED | HIDDEN
    table = {}
    for name in sys.argv[2:] or arms:
        rows = [run(arms[name], seed) for seed in seeds]
        table[name] = {"what": arms[name].what, "against": arms[name].against} | {
            key: [row[key] for row in rows] for key in rows[0]
        }
        figures = (f"{key} {statistics.fmean(row[key] for row in rows):.3f}" for key in rows[0])
        print(f"{name:22}", *figures, "accuracies", table[name]["accuracy"], flush=True)
        if len(sys.argv) <= 2 and name in SHIPPED:
            lines = [f" {json.dumps(arm)}: {json.dumps(table[arm])}" for arm in table]
            TABLE.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
