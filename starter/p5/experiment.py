"""Given with p5, not handed in: three-second experiments, and a look at recorded traces.

python -m experiment cure --warmup 40        the failing run with a warm-up of 40 steps
python -m experiment cure --norm pre         ... with another place for the norm; also --lr, --clip, --dropout
python -m experiment trace                   names of the public traces
python -m experiment trace b                 one of them: loss curve, gradient norms by layer, validation
python -m experiment digits                  your DeepNetwork and your train on digits
python -m experiment fault --sigmoids        a sound network with a fault; also --lr, --keep-gradients, ...

--save loss.png draws the curve into a file as well.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import debugging
import torch
from given import FAILING, LENGTH, NUM_CLASSES, STEPS, Config, EncoderClassifier, Trace, predict, train
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset
from transformer import grad_norms

from grader.datasets.digits import digits
from grader.datasets.tokens import majority
from grader.experiments import show_curves, track

GUESSING = {"ln 10": math.log(10)}
IMAGES, FAULT_STEPS, BATCH = 6400, 300, 64


# ---- The transformer that will not train -------------------------------------------------------------------


def gradient_ratio(model: EncoderClassifier) -> float | None:
    """First layer's gradient norm over the last layer's, by YOUR grad_norms; None while that is a stub."""
    try:
        norms = grad_norms(list(model.layers)).tolist()
    except NotImplementedError:
        return None
    return norms[0] / max(norms[-1], 1e-30)


def try_config(config: Config, seed: int, save: str | None = None) -> None:
    """Train once, with progress, and print the curve, the gradient ratio first/last layer, the accuracy."""
    tokens, labels = map(torch.from_numpy, majority(8192, LENGTH, seed))
    test_tokens, test_labels = map(torch.from_numpy, majority(1000, LENGTH, seed + 1))
    losses: list[float] = []
    ratios: list[str] = []
    changed = {k: v for k, v in vars(config).items() if v != getattr(FAILING, k)}
    print(f"the failing run with {changed or 'nothing changed'}, seed {seed}")
    progress = iter(track(range(STEPS), "training"))

    def on_step(step: int, loss: float, model: EncoderClassifier) -> None:
        next(progress, None)
        losses.append(loss)
        if step in (0, STEPS // 4, STEPS // 2, STEPS - 1):
            ratio = gradient_ratio(model)
            ratios.append(f"step {step}: " + ("needs p5.grad_norms" if ratio is None else f"{ratio:.2g}"))

    model = train(config, tokens, labels, seed, on_step)
    next(progress, None)  # the bar comes to its end
    title = "training loss"
    show_curves(title, {"this run": losses}, x="step", levels={"ln C": math.log(NUM_CLASSES)}, save=save)
    print("gradient norm, first layer / last:", "  ".join(ratios))
    accuracy = float((predict(model, test_tokens) == test_labels).float().mean())
    print(f"last 20 losses {statistics.fmean(losses[-20:]):.3f}, chance {math.log(NUM_CLASSES):.3f}")
    print(f"accuracy on fresh sequences {accuracy:.3f} (guessing 0.100, asked 0.900)")


def public_traces() -> dict[str, Trace]:
    """The shipped traces: the first assignments/p5/traces_public.json here or above, or above this file."""
    for start in (Path.cwd(), Path(__file__).resolve().parent):
        for folder in (start, *start.parents):
            path = folder / "assignments" / "p5" / "traces_public.json"
            if path.is_file():
                return {name: row["trace"] for name, row in json.loads(path.read_text()).items()}
    raise SystemExit("assignments/p5/traces_public.json was not found: run this inside the course folder")


def show_trace(trace: Trace, save: str | None = None) -> None:
    """Print one trace as a student reads it. What it means is for the student to say."""
    chance = math.log(trace["num_classes"])
    print(f"{trace['num_classes']} classes, {len(trace['grad_norms'][0])} layers")
    if any(math.isfinite(loss) for loss in trace["loss"]):
        levels = {"ln C": chance}
        show_curves(
            "training loss", {"loss": trace["loss"]}, x="step", at=trace["step"], levels=levels, save=save
        )
    print("\ngradient norm per layer, first to last")
    rows = range(len(trace["step"]))
    for row in sorted({0, 1, len(rows) // 4, len(rows) // 2, len(rows) - 1} & set(rows)):
        norms = " ".join(f"{norm:8.1e}" for norm in trace["grad_norms"][row])
        print(f"step {trace['step'][row]:5}  loss {trace['loss'][row]:9.3g}  {norms}")
    print("\nvalidation loss")
    for step, loss in zip(trace["val_step"], trace["val_loss"], strict=True):
        print(f"step {step:5}  {loss:.3f}")


# ---- Digits ------------------------------------------------------------------------------------------------


def draw(count: int, seed: int) -> tuple[Tensor, Tensor]:
    """Digits and their labels."""
    images, labels = digits(count, seed=seed)
    return torch.from_numpy(images), torch.from_numpy(labels)


def try_digits(epochs: int, seed: int, save: str | None = None) -> None:
    """Your DeepNetwork, trained by your train: its losses, and the share of new digits it recognises."""
    torch.manual_seed(seed)
    images, labels = draw(IMAGES, seed)
    loader = DataLoader(TensorDataset(images, labels), batch_size=BATCH, shuffle=True)
    try:
        model = debugging.DeepNetwork()
        batches = track(range(epochs * len(loader)), "training")
        history = debugging.train(model, _Watched(loader, iter(batches)), epochs)
    except NotImplementedError as stub:
        raise SystemExit(f"needs {stub}") from None
    show_curves(
        "training loss on digits", {"loss": [row["loss"] for row in history]}, levels=GUESSING, save=save
    )
    print("rates", " ".join(f"{row['lr']:.3g}" for row in history))
    print(f"share of new digits that is recognised {_accuracy(model, seed + 1):.3f} (guessing 0.100)")


class _Watched:
    """A loader that moves a progress bar on with every batch."""

    def __init__(self, loader: DataLoader, progress) -> None:
        self.loader, self.progress = loader, progress

    def __len__(self) -> int:
        return len(self.loader)

    def __iter__(self):
        for batch in self.loader:
            next(self.progress, None)
            yield batch


def _accuracy(model: nn.Module, seed: int) -> float:
    images, labels = draw(2000, seed)
    with torch.no_grad():
        return float((model.eval()(images).argmax(dim=1) == labels).float().mean())


def try_fault(options: argparse.Namespace) -> None:
    """Three epochs of the sound network (ReLU, Adam at 1e-3, gradients cleared), changed as asked."""
    torch.manual_seed(options.seed)
    layers: list[nn.Module] = [nn.Flatten()]
    for fan_in, fan_out in pairwise([784, 256, 256, 256, 256, 128]):
        layers.append(nn.Linear(fan_in, fan_out))
        layers += [nn.BatchNorm1d(fan_out)] if options.normalise else []
        layers.append(nn.Sigmoid() if options.sigmoids else nn.ReLU())
    model = nn.Sequential(*layers, nn.Linear(128, 10))
    if options.he:
        for layer in model:
            if isinstance(layer, nn.Linear):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
                nn.init.zeros_(layer.bias)
    images, labels = draw(IMAGES, options.seed)
    kind = torch.optim.SGD if options.sgd else torch.optim.Adam
    optimizer = kind(model.parameters(), lr=options.lr)
    cosine = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=3)
    losses = []
    for step in track(range(FAULT_STEPS), "training"):
        if step % (len(images) // BATCH) == 0:
            order = torch.randperm(len(images))
            if options.cosine and step:
                cosine.step()
        batch = order[step * BATCH % len(images) :][:BATCH]
        if not options.keep_gradients:
            optimizer.zero_grad()
        loss = F.cross_entropy(model(images[batch]), labels[batch])
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    show_curves("training loss", {"this run": losses}, x="step", levels=GUESSING, save=options.save)
    print(f"last 50 losses {statistics.fmean(losses[-50:]):.3f}, chance {math.log(10):.3f}")
    print(f"share of new digits that is recognised {_accuracy(model, options.seed + 1):.3f} (guessing 0.100)")


# ---- The command line --------------------------------------------------------------------------------------


def parser() -> argparse.ArgumentParser:
    """The commands and what they take."""
    parser = argparse.ArgumentParser(prog="python -m experiment", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    cure = commands.add_parser("cure", help="train the failing run with something changed")
    cure.add_argument("--norm", choices=("post", "pre"), default=FAILING.norm)
    cure.add_argument("--lr", type=float, default=FAILING.lr)
    cure.add_argument("--warmup", type=int, default=FAILING.warmup_steps, metavar="STEPS")
    cure.add_argument("--clip", type=float, default=FAILING.clip_norm, metavar="NORM")
    cure.add_argument("--dropout", type=float, default=FAILING.dropout)
    trace = commands.add_parser("trace", help="look at a recorded run")
    trace.add_argument("name", nargs="?", help="left out: list the names")
    run = commands.add_parser("digits", help="train your network with your loop")
    run.add_argument("--epochs", type=int, default=3)
    fault = commands.add_parser("fault", help="train a sound network with something changed")
    fault.add_argument("--sigmoids", action="store_true", help="instead of ReLU")
    fault.add_argument("--keep-gradients", action="store_true", help="leave out zero_grad")
    fault.add_argument("--lr", type=float, default=1e-3)
    fault.add_argument("--sgd", action="store_true", help="instead of Adam")
    fault.add_argument("--normalise", action="store_true", help="BatchNorm before each activation")
    fault.add_argument("--he", action="store_true", help="He's initialisation")
    fault.add_argument("--cosine", action="store_true", help="a cosine over the three epochs")
    for command in (cure, run, fault):
        command.add_argument("--seed", type=int, default=0)
    for command in (cure, trace, run, fault):
        command.add_argument("--save", metavar="FILE", help="draw the curve into this file, .png or .svg")
    return parser


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what the command line asks for."""
    options = parser().parse_args(arguments)
    if options.command == "trace":
        traces = public_traces()
        if options.name is None:
            print("\n".join(traces))
        elif options.name in traces:
            show_trace(traces[options.name], options.save)
        else:
            parser().error(f"no trace {options.name!r}; there are {', '.join(traces)}")
        return
    torch.set_num_threads(1)  # at this size a second thread costs more than it brings
    if options.command == "cure":
        config = replace(
            FAILING,
            norm=options.norm,
            lr=options.lr,
            warmup_steps=options.warmup,
            clip_norm=options.clip,
            dropout=options.dropout,
        )
        try_config(config, options.seed, options.save)
    elif options.command == "digits":
        try_digits(options.epochs, options.seed, options.save)
    else:
        try_fault(options)


if __name__ == "__main__":
    main()
