"""Given with p4, not handed in: look at scenes, at a training of yours, at the captions of its model.

python -m experiment scenes                 scenes with their captions
python -m experiment train                  your train: loss, words right by place, and a model in a file
python -m experiment train --steps 100      a shorter one
python -m experiment captions model.pt      what that model says of new scenes, and what there is

--save NAME.png draws scenes, curves or captions into a file as well.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import captioner
import torch
from shell import VOCABULARY, Captioner, training_scenes
from torch import Tensor

from grader.datasets.scenes import WORDS
from grader.drawing import draw
from grader.experiments import show_bars, show_curves, show_images
from grader.pictures import Captioned

SHOWN = 6
NEW_SEED = 7  # of scenes that no training has seen
TESTS = 500
SMOOTHED = 10  # steps to a point of the curve
# Entropies in nats a word: where nothing is known; where the grammar is known, and the image is not.
GUESSING = math.log(VOCABULARY)
GRAMMAR = (3 * math.log(4) + 2 * math.log(3)) / 6


def said(caption: Tensor) -> str:
    """A caption in words, without <bos>."""
    return " ".join(WORDS[word] for word in caption[1:].tolist())


def show_scenes(seed: int, save: str | None) -> None:
    """Scenes of the public training set, and what their captions say."""
    images, captions = training_scenes(SHOWN, seed)
    show_images("Scenes, in gray", {"brightness": images.mean(dim=1).numpy()})
    for number, caption in enumerate(captions, 1):
        print(f"{number}  {said(caption)}")
    draw_captions("Scenes and their captions", images, captions, captions, save)


def draw_captions(title: str, images: Tensor, captions: Tensor, truth: Tensor, save: str | None) -> None:
    """A picture of captioned scenes, wrong words in red, if a file is asked for."""
    if save is None:
        return
    words = [
        [(WORDS[word], word == right) for word, right in zip(caption, row, strict=True)][1:-1]
        for caption, row in zip(captions.tolist(), truth.tolist(), strict=True)
    ]
    draw(Captioned("captions", title, images.permute(0, 2, 3, 1).numpy(), words), Path(save))
    print(f"drawn into {save}")


def watch(losses: list[float]) -> Callable[[], None]:
    """Note the loss of every backward, and say now and then how far it is; what it returns undoes that."""
    backward = Tensor.backward

    def noted(self: Tensor, *args: Any, **kwargs: Any) -> None:
        losses.append(float(self.detach()))
        if len(losses) % 50 == 0:
            print(f"step {len(losses):4}  loss {sum(losses[-SMOOTHED:]) / SMOOTHED:.4f}", flush=True)
        backward(self, *args, **kwargs)

    Tensor.backward = noted  # type: ignore[method-assign]

    def undo() -> None:
        Tensor.backward = backward  # type: ignore[method-assign]

    return undo


def show_training(seed: int, steps: int | None, file: str, save: str | None) -> None:
    """Train with the student's train on the public scenes; loss, and words right on new scenes."""
    images, captions = training_scenes()
    losses: list[float] = []
    undo = watch(losses)
    started = time.process_time()
    try:
        if steps is None:
            model = captioner.train(images, captions, seed)
        else:
            model = captioner.train(images, captions, seed, steps=steps)
    finally:
        undo()
    print(f"{time.process_time() - started:.1f} seconds of the processor; a grader allows 25")
    points = [
        sum(losses[at : at + SMOOTHED]) / SMOOTHED for at in range(0, len(losses) - SMOOTHED + 1, SMOOTHED)
    ]
    if points:
        show_curves(
            "Training loss",
            {"loss": points},
            x="step",
            at=[SMOOTHED * (number + 1) for number in range(len(points))],
            levels={"guessing": GUESSING, "grammar, no image": GRAMMAR},
            save=save,
        )
    judge(model)
    torch.save(model.state_dict(), file)
    print(f"the model is in {file}: python -m experiment captions {file}")


def judge(model: torch.nn.Module) -> None:
    """Which words of new captions are right, place by place, and how many captions are as a whole."""
    images, truth = training_scenes(TESTS, NEW_SEED)
    model.eval()
    right = captioner.decode(model, images) == truth
    places = ("first colour", "first shape", "relation", "second colour", "second shape", "<eos>")
    bars = {place: right[:, number].float().mean().item() for number, place in enumerate(places, 1)}
    show_bars(
        "New scenes: words right by place", bars | {"all of it": right.all(dim=1).float().mean().item()}
    )


def show_captions(file: str, save: str | None) -> None:
    """What a saved model says of new scenes, wrong captions first."""
    model = Captioner(captioner.Decoder())
    try:
        model.load_state_dict(torch.load(file, weights_only=True))
    except (OSError, RuntimeError) as error:
        raise SystemExit(f"{file} holds no model of your Decoder: {error}") from None
    model.eval()
    images, truth = training_scenes(TESTS, NEW_SEED)
    captions = captioner.decode(model, images)
    wrong = (captions != truth).any(dim=1)
    print(f"{int(wrong.sum())} of {TESTS} captions of new scenes are not right in every word")
    chosen = torch.argsort(wrong.long(), descending=True, stable=True)[: 2 * SHOWN]
    for row in chosen.tolist():
        print(f"{said(captions[row]):45} {'is ' + said(truth[row]) if wrong[row] else 'right'}")
    draw_captions("Captions of new scenes", images[chosen], captions[chosen], truth[chosen], save)


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m experiment", description="Look at scenes and at a captioner."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("scenes", help="scenes with their captions")
    command.add_argument("--seed", type=int, default=0)
    command.add_argument("--save", metavar="FILE")
    command = commands.add_parser("train", help="your training, its loss, and what it has learned")
    command.add_argument("--seed", type=int, default=0)
    command.add_argument("--steps", type=int, help="as in train; your own default without it")
    command.add_argument("--model", default="model.pt", metavar="FILE", help="where the model is put")
    command.add_argument("--save", metavar="FILE")
    command = commands.add_parser("captions", help="captions of new scenes, wrong ones first")
    command.add_argument("model", metavar="FILE")
    command.add_argument("--save", metavar="FILE")
    options = parser.parse_args(arguments)

    torch.set_num_threads(1)  # at this size a second thread costs more than it brings
    try:
        if options.command == "scenes":
            show_scenes(options.seed, options.save)
        elif options.command == "train":
            show_training(options.seed, options.steps, options.model, options.save)
        else:
            show_captions(options.model, options.save)
    except NotImplementedError as stub:
        raise SystemExit(f"needs {stub}") from None


if __name__ == "__main__":
    main()
