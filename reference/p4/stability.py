"""Given with p4, not handed in: trains a small ResNet-D of yours on digits, in a configuration you choose.

Run it in the folder of your files, starter/p4:

python -m stability                              the six configurations of p4.stability
python -m stability --lr 1.0 --zero-init         one of them: seven seconds, then its loss and its outcome

--lr R           learning rate at the first step; half a cosine takes it to 0 (0.07)
--zero-init      the last gamma of each block starts at 0, as your `initialize` leaves it; else at 1
--clip NORM      the gradient is clipped to this norm at each step
--no-shortcut    the shortcuts are cut: a block is relu(branch)
--seed N         other digits, other weights
--save NAME.png  writes the curve to a file as well
"""

from __future__ import annotations

import argparse
import math
import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import pipeline
import torch
from network import ResNetD, initialize
from residual import Residual
from torch import Tensor, nn
from torch.nn import functional

from grader.datasets.digits import digits
from grader.experiments import show_curves, track

STEPS, BATCH = 100, 64
BLOCKS, WIDTH = (3, 6, 3), 6  # twelve blocks on 53,000 parameters
CHANCE = math.log(10)  # the loss of guessing

# What a run comes to: the first of these that holds.
OUTCOMES = {
    "blows_up": "some loss is above 4 ln 10 = 9.2, or not a number",
    "dead": "the last 20 losses lie within 0.05 of ln 10 = 2.303 in the mean: every digit is answered alike",
    "trains": "the mean of the last 20 losses is below 0.8",
    "lags": "anything else: it learns, and is far from done after 100 steps",
}


@dataclass(frozen=True)
class Configuration:
    """What differs from run to run; SGD with nesterov 0.9 and weight decay 1e-4 is common to all."""

    lr: float = 0.07
    zero_init: bool = False
    clip: float | None = None
    shortcut: bool = True


CONFIGURATIONS = {
    "moderate_rate": Configuration(lr=0.07),
    "moderate_rate_zero_init": Configuration(lr=0.07, zero_init=True),
    "high_rate": Configuration(lr=1.0),
    "high_rate_zero_init": Configuration(lr=1.0, zero_init=True),
    "high_rate_clipped": Configuration(lr=1.0, clip=0.2),
    "zero_init_without_shortcuts": Configuration(lr=0.07, zero_init=True, shortcut=False),
}


@dataclass(frozen=True)
class Run:
    """What was seen of a training.

    Attributes:
        losses: of each step's batch, before the step.
        norms: of the gradient, before it was clipped.
        accuracy: on 1,000 new digits after the last step, in eval mode.
    """

    losses: list[float]
    norms: list[float]
    accuracy: float

    @property
    def outcome(self) -> str:
        """A key of OUTCOMES."""
        if not all(loss <= 4 * CHANCE for loss in self.losses):  # true of NaN too
            return "blows_up"
        if abs(self.last - CHANCE) < 0.05:
            return "dead"
        return "trains" if self.last < 0.8 else "lags"

    @property
    def last(self) -> float:
        """Mean of the last 20 losses."""
        return statistics.fmean(self.losses[-20:])


class Nothing(nn.Module):
    """In the place of a shortcut that is cut."""

    def forward(self, x: Tensor) -> Tensor:
        return x.new_zeros(())


def build(chosen: Configuration) -> nn.Module:
    """The student's network with the student's initialisation, changed as a configuration says."""
    model = ResNetD(blocks=BLOCKS, width=WIDTH, num_classes=10, in_channels=1, small=True)
    initialize(model)
    for layer in list(model.modules()):
        if isinstance(layer, nn.BatchNorm2d) and not chosen.zero_init:
            nn.init.ones_(layer.weight)
        if isinstance(layer, Residual) and not chosen.shortcut:
            layer.shortcut = Nothing()
    return model


def images_of(count: int, seed: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Digits of half the usual size, (count, 1, 14, 14), and their labels."""
    images, labels = digits(count, seed)
    return 1.3 * functional.avg_pool2d(torch.from_numpy(images), 2), torch.from_numpy(labels)


def train(
    chosen: Configuration, seed: int, steps: Callable[[Iterable[int]], Iterable[int]] = lambda all: all
) -> Run:
    """A training of 100 steps.

    Args:
        steps: is handed the numbers of the steps and gives them back, showing how far it is.
    """
    images, labels = images_of(STEPS * BATCH, (seed, 0))
    torch.manual_seed(seed)
    model = build(chosen)
    optimizer = torch.optim.SGD(
        model.parameters(), lr=chosen.lr, momentum=0.9, nesterov=True, weight_decay=1e-4
    )
    cosine = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=STEPS)
    losses, norms = [], []
    for step in steps(range(STEPS)):
        batch = slice(step * BATCH, (step + 1) * BATCH)
        loss = functional.cross_entropy(model(images[batch]), labels[batch])
        optimizer.zero_grad()
        loss.backward()
        norms.append(nn.utils.clip_grad_norm_(model.parameters(), chosen.clip or math.inf).item())
        losses.append(loss.item())
        optimizer.step()
        cosine.step()
    model.eval()
    images, labels = images_of(1000, (seed, 1))
    with torch.no_grad():
        accuracy = (model(images).argmax(1) == labels).float().mean().item()
    return Run(losses, norms, accuracy)


def flags(chosen: Configuration) -> str:
    """The command line's words for a configuration."""
    words = [f"--lr {chosen.lr:g}"]
    words += ["--zero-init"] * chosen.zero_init
    if chosen.clip is not None:
        words.append(f"--clip {chosen.clip:g}")
    words += ["--no-shortcut"] * (not chosen.shortcut)
    return " ".join(words)


def said(name: str) -> str:
    """What the student predicts for a configuration."""
    return (pipeline.STABILITY or {}).get(name, "nothing yet")


def show_configurations() -> None:
    """The six configurations and the four outcomes."""
    print("The configurations, and what your STABILITY says of them")
    for name, chosen in CONFIGURATIONS.items():
        print(f"  {name:28} {flags(chosen):33} {said(name)}")
    print("\nThe outcomes: the first that holds")
    for outcome, meaning in OUTCOMES.items():
        print(f"  {outcome:10} {meaning}")
    print("\nOne of them, for instance: python -m stability --lr 1.0 --zero-init")


def show_run(chosen: Configuration, seed: int, save: str | None) -> None:
    """Train, and say what came of it."""
    names = [name for name, known in CONFIGURATIONS.items() if known == chosen]
    for name in names:
        print(f"{name}: you said {said(name)}")
    try:
        run = train(chosen, seed, lambda numbers: track(numbers, "training"))
    except NotImplementedError as stub:
        raise SystemExit(f"needs {stub}") from None
    show_curves(
        f"Loss, {flags(chosen)}", {"training": run.losses}, x="step", levels={"ln 10": CHANCE}, save=save
    )
    print(
        f"{run.outcome}: highest loss {max(run.losses):.2f}, mean of the last 20 {run.last:.3f}, "
        f"{run.accuracy:.3f} of 1,000 new digits recognised"
    )
    print(f"norm of the gradient at step 0 {run.norms[0]:.2f}, at most {max(run.norms):.2f}")


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m stability", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--lr", type=float)
    parser.add_argument("--zero-init", action="store_true")
    parser.add_argument("--clip", type=float, metavar="NORM")
    parser.add_argument("--no-shortcut", action="store_true")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--save", metavar="NAME.png")
    options = parser.parse_args(arguments)
    asked = {"zero_init": options.zero_init, "clip": options.clip, "shortcut": not options.no_shortcut}
    torch.set_num_threads(1)  # at this size a second thread costs more than it brings
    if options.lr is None and Configuration(**asked) == Configuration():
        show_configurations()
    else:
        lr = Configuration.lr if options.lr is None else options.lr
        show_run(Configuration(lr=lr, **asked), options.seed, options.save)


if __name__ == "__main__":
    main()
