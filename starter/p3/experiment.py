"""Given with p3, not handed in: trainings of a few seconds on noisy digits, with their curves.

python -m experiment plain             a training without any regularization: what learning by heart is
python -m experiment recipe            your recipe, beside your PREDICTION; shut until there is one
python -m experiment jitter            some digits, and what your jitter makes of them
python -m experiment freeze            a network trained on five digits, prepared by you for the other five
python -m experiment table             accuracy and loss of the shipped interventions

--seed N draws other digits; --save NAME.png writes the picture to a file as well.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import overfitting
import torch
from given import SmallCNN, TinyResNet, clean_digits, evaluate, fit, noisy_digits
from torch import Generator

from grader.experiments import show_bars, show_curves, show_images, track

PLAIN_EPOCHS = 40


@contextmanager
def needs(question: str) -> Iterator[None]:
    """Say what is missing instead of failing with a traceback."""
    try:
        yield
    except NotImplementedError as stub:
        raise SystemExit(f"needs {stub.args[0] if stub.args else question}") from None


def curves(title: str, history: Sequence[dict[str, float]], save: str | None, classes: int = 10) -> None:
    """Training and validation loss of a history, with the loss of guessing."""
    lines = {
        "training": [row["train_loss"] for row in history],
        "validation": [row["val_loss"] for row in history],
    }
    at = list(range(1, len(history) + 1))
    show_curves(title, lines, at=at, levels={f"ln {classes}": math.log(classes)}, save=save)


def best_epoch(history: Sequence[dict[str, float]]) -> int:
    """The epoch of the least validation loss, from 1."""
    return 1 + min(range(len(history)), key=lambda row: history[row]["val_loss"])


def plain(seed: int, save: str | None) -> None:
    """Adam and nothing else, for 40 epochs."""
    images, labels, val_images, val_labels = noisy_digits(seed)
    torch.manual_seed(seed)
    model = SmallCNN()
    steps = iter(track(range(PLAIN_EPOCHS), "training"))
    history = fit(
        model,
        images,
        labels,
        epochs=PLAIN_EPOCHS,
        seed=seed,
        val=(val_images, val_labels),
        on_epoch=lambda row: next(steps, None),
    )
    next(steps, None)  # ends the bar
    curves("Plain training", history, save)
    loss, accuracy = evaluate(model, *clean_digits(1000, seed + 1000))
    last = history[-1]
    print(
        f"least validation loss in epoch {best_epoch(history)}; "
        f"on 1,000 new digits {accuracy:.3f}, loss {loss:.2f}"
    )
    print(f"last epoch: training accuracy {last['train_acc']:.3f}, validation {last['val_acc']:.3f}")


def recipe(seed: int, save: str | None) -> None:
    """The student's recipe, held against the student's forecast."""
    said = overfitting.PREDICTION
    if said is None:
        raise SystemExit("needs p3.predict: write your PREDICTION down first, then look")
    data = noisy_digits(seed)
    print("training by your recipe ...", flush=True)
    with needs("p3.recipe"):
        model, history = overfitting.recipe(*data, seed)
    curves("Your recipe", history, save)
    _, accuracy = evaluate(model, *clean_digits(1000, seed + 1000))
    last = history[-1]
    found = {
        "accuracy": f"{accuracy:.3f}",
        "gap": f"{last['train_acc'] - last['val_acc']:.3f}",
        "train_loss": f"{last['train_loss']:.3f}, plain 0.007",
        "best_epoch": f"{best_epoch(history)} of {len(history)}, plain 13",
    }
    print(f"{'':12} {'you said':>20}   one run (a grader takes the median of three)")
    for key, value in found.items():
        print(f"{key:12} {said.get(key)!s:>20}   {value}")


def jitter(seed: int, save: str | None) -> None:
    """A row of digits as they are drawn, and twice as jitter bends them."""
    images, labels = clean_digits(40, seed)
    images = images[labels.argsort(stable=True)][::4]
    generator = Generator().manual_seed(seed)
    rows = {"as given": images}
    with needs("p3.recipe"):
        for time in ("once", "again"):
            rows[time] = overfitting.jitter(images.clone(), generator)
    gray = {name: ((row[:, 0] + 1.5) / 4).clamp(0, 1).numpy() for name, row in rows.items()}
    show_images("Your jitter", gray, save=save)


def freeze(seed: int, save: str | None) -> None:
    """Train on digits 0 to 4; the student's prepare and train_mode then teach 5 to 9 from 60 images."""
    images, labels = clean_digits(1000, seed)
    old, new = labels < 5, labels >= 5
    torch.manual_seed(seed)
    model = TinyResNet(5)
    print("training on digits 0 to 4 ...", flush=True)
    fit(model, images[old], labels[old], epochs=3, seed=seed, lr=3e-3)
    few, their = images[new][:60], labels[new][:60] - 5
    with needs("p3.freeze"):
        optimizer = overfitting.prepare(model, 5, 3e-4, 1e-2)
        history = fit(
            model,
            few,
            their,
            epochs=12,
            seed=seed,
            optimizer=optimizer,
            train_mode=overfitting.train_mode,
            val=(images[new][60:260], labels[new][60:260] - 5),
        )
    curves("Digits 5 to 9 from 60 images", history, save, classes=5)
    held = sum(parameter.numel() for group in optimizer.param_groups for parameter in group["params"])
    total = sum(parameter.numel() for parameter in model.parameters())
    print(f"the optimizer holds {held:,} of {total:,} parameters; accuracy {history[-1]['val_acc']:.3f}")


def table(save: str | None) -> None:
    """The shipped runs, arm by arm."""
    for start in (Path.cwd(), Path(__file__).resolve().parent):
        for folder in (start, *start.parents):
            path = folder / "assignments" / "p3" / "ablations_public.json"
            if path.is_file():
                arms = json.loads(path.read_text(encoding="utf-8"))
                mean = {name: statistics.fmean(arm["accuracy"]) for name, arm in arms.items()}
                show_bars("Accuracy on new digits, mean of ten runs", mean, save=save)
                for name, arm in arms.items():
                    loss = statistics.fmean(arm["loss"])
                    print(f"{name:18} loss {loss:.2f}  against {arm['against']}: {arm['what']}")
                return
    where = "assignments/p3/ablations_public.json"
    raise SystemExit(f"{where} was not found: run this inside the course folder")


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m experiment", description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("plain", "recipe", "jitter", "freeze", "table"))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--save", metavar="NAME.png")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)  # at this size a second thread costs more than it brings
    if options.what == "table":
        table(options.save)
    else:
        runs = {"plain": plain, "recipe": recipe, "jitter": jitter, "freeze": freeze}
        runs[options.what](options.seed, options.save)


if __name__ == "__main__":
    main()
