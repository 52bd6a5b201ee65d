"""Given with p3, not handed in: look at films, at your augmentation, and at your network in a new hospital.

python -m look films --finding 3       films of one finding, a row for each hospital
python -m look means --finding 3       their average, for each hospital
python -m look augment                 films, and what your augment makes of them
python -m look run                     your train without hospital D, then judged on new films of A to D

--save NAME.png writes the picture to a file as well (not for run).
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence

import regularization
import torch
from films import FINDINGS, HOSPITALS, training_films
from torch import Generator, Tensor

from grader.experiments import show_bars, show_images

SHOWN = 6  # films in a row
KNOWN = HOSPITALS[:4]
BINS = 10  # of the confidence, in the diagram of run


def films_of(finding: int, save: str | None) -> None:
    """A row of films of one finding for each hospital."""
    images, labels, hospitals = training_films()
    rows = {
        f"hospital {name}": images[(hospitals == number) & (labels == finding)][:SHOWN, 0].numpy()
        for number, name in enumerate(KNOWN)
    }
    show_images(f"Films of finding {finding}", rows, save=save)


def means(finding: int, save: str | None) -> None:
    """The average film of one finding in each hospital."""
    images, labels, hospitals = training_films()
    rows = {
        f"hospital {name}": images[(hospitals == number) & (labels == finding)].mean(dim=0).numpy()
        for number, name in enumerate(KNOWN)
    }
    show_images(f"Average film of finding {finding}", rows, save=save)


def augmented(seed: int, save: str | None) -> None:
    """Films of all hospitals and what augment makes of them."""
    images, _, _ = training_films()
    given = images[:SHOWN]
    changed = regularization.augment(given.clone(), Generator().manual_seed(seed))
    show_images(
        "Your augmentation", {"as given": given[:, 0].numpy(), "augmented": changed[:, 0].numpy()}, save=save
    )


def run(seed: int) -> None:
    """Train on A, B and C with the student's train; accuracy on new films of A to D, confidence on D's."""
    images, labels, hospitals = training_films()
    others = hospitals != KNOWN.index("D")
    print("training on A, B and C", flush=True)
    start = time.process_time()
    model = regularization.train(images[others], labels[others], hospitals[others], seed)
    print(
        f"{time.process_time() - start:.1f} seconds of the processor; a grader's run has all four hospitals"
    )
    new_images, new_labels, new_hospitals = training_films(seed + 1)
    model.eval()
    with torch.no_grad():
        logits = torch.cat([model(chunk) for chunk in new_images.split(500)])
    right = logits.argmax(dim=1) == new_labels
    accuracy = {
        f"hospital {name}": right[new_hospitals == number].float().mean().item()
        for number, name in enumerate(KNOWN)
    }
    show_bars("Accuracy on new films (D was not trained on)", accuracy)
    strange = new_hospitals == KNOWN.index("D")
    reliability(logits[strange].softmax(dim=1), new_labels[strange])


def reliability(probs: Tensor, labels: Tensor) -> None:
    """How often the network is right on D when it is this sure, and the error by the student's ece."""
    confidence, predicted = probs.max(dim=1)
    place = (confidence * BINS).ceil().long().clamp(1, BINS)
    bars = {}
    for number in range(1, BINS + 1):
        rows = place == number
        if rows.any():
            share = (predicted[rows] == labels[rows]).float().mean().item()
            bars[f"sure by {(number - 1) / BINS:.1f} to {number / BINS:.1f} ({int(rows.sum())})"] = share
    show_bars("Accuracy on D by confidence", bars)
    try:
        print(f"expected calibration error on D, by your ece: {float(regularization.ece(probs, labels)):.3f}")
    except NotImplementedError:
        print("the expected calibration error needs p3.calibration")


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m look", description="Look at films, changes and networks."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name, what in (("films", "films of one finding by hospital"), ("means", "their average")):
        command = commands.add_parser(name, help=what)
        command.add_argument("--finding", type=int, default=0, choices=range(FINDINGS))
        command.add_argument("--save", metavar="FILE")
    command = commands.add_parser("augment", help="what your augment makes of films")
    command.add_argument("--seed", type=int, default=0)
    command.add_argument("--save", metavar="FILE")
    command = commands.add_parser("run", help="your train, judged on a hospital that it did not see")
    command.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)

    torch.set_num_threads(1)  # at this size a second thread costs more than it brings
    try:
        if options.command == "films":
            films_of(options.finding, options.save)
        elif options.command == "means":
            means(options.finding, options.save)
        elif options.command == "augment":
            augmented(options.seed, options.save)
        else:
            run(options.seed)
    except NotImplementedError as stub:
        raise SystemExit(f"needs {stub}") from None


if __name__ == "__main__":
    main()
