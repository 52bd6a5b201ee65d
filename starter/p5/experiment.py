"""Given with p5, not handed in: three-second experiments on the failing run, and a look at recorded traces.

python -m experiment cure --warmup 40        the failing run with a warm-up of 40 steps
python -m experiment cure --norm pre         ... with another place for the norm; also --lr, --clip, --dropout
python -m experiment trace                   names of the public traces
python -m experiment trace b                 one of them: loss curve, gradient norms by layer, validation
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch
from given import FAILING, LENGTH, NUM_CLASSES, STEPS, Config, EncoderClassifier, Trace, predict, train
from transformer import grad_norms

from grader.datasets.tokens import majority

WIDTH, HEIGHT = 60, 12  # of a curve, in characters


def curve(steps: Sequence[int], losses: Sequence[float], chance: float) -> str:
    """A loss curve in characters; dashes mark the loss of guessing, and exploding losses get a log axis."""
    finite = [loss for loss in losses if math.isfinite(loss)]
    if not finite:
        return "(no finite loss)"
    log_axis = max(finite) > 10 * chance

    def height(loss: float) -> float:
        return math.log10(max(loss, 1e-3)) if log_axis else loss

    low = min(0.0, *map(height, finite)) if log_axis else 0.0
    high = max(height(chance), *map(height, finite)) * 1.05
    rows = [[" "] * WIDTH for _ in range(HEIGHT)]

    def place(value: float) -> int:
        return min(HEIGHT - 1, max(0, round((high - height(value)) / (high - low) * (HEIGHT - 1))))

    rows[place(chance)] = ["-"] * WIDTH
    for step, loss in zip(steps, losses, strict=True):
        column = round(step / max(1, steps[-1]) * (WIDTH - 1))
        if math.isfinite(loss):
            rows[place(loss)][column] = "*"
        else:
            rows[0][column] = "!"
    lines = []
    for index, row in enumerate(rows):
        value = high - (high - low) * index / (HEIGHT - 1)
        lines.append(f"{10**value if log_axis else value:9.3g} |{''.join(row)}")
    lines.append(" " * 10 + "+" + "-" * WIDTH)
    lines.append(f"{'step':>10} 0{steps[-1]:>{WIDTH - 1}}")
    return "\n".join(lines)


def gradient_ratio(model: EncoderClassifier) -> float | None:
    """First layer's gradient norm over the last layer's, by YOUR grad_norms; None while that is a stub."""
    try:
        norms = grad_norms(list(model.layers)).tolist()
    except NotImplementedError:
        return None
    return norms[0] / max(norms[-1], 1e-30)


def try_config(config: Config, seed: int) -> None:
    """Train once, with progress, and print the curve, the gradient ratio first/last layer, the accuracy."""
    tokens, labels = map(torch.from_numpy, majority(8192, LENGTH, seed))
    test_tokens, test_labels = map(torch.from_numpy, majority(1000, LENGTH, seed + 1))
    losses: list[float] = []
    ratios: list[str] = []

    def on_step(step: int, loss: float, model: EncoderClassifier) -> None:
        losses.append(loss)
        if step in (0, STEPS // 4, STEPS // 2, STEPS - 1):
            ratio = gradient_ratio(model)
            ratios.append(f"step {step}: " + ("needs p5.grad_norms" if ratio is None else f"{ratio:.2g}"))
        if step % 10 == 9:
            bar = "#" * ((step + 1) * 30 // STEPS)
            print(f"\r[{bar:30}] step {step + 1:3} loss {loss:6.3f}", end="", file=sys.stderr, flush=True)

    changed = {k: v for k, v in vars(config).items() if v != getattr(FAILING, k)}
    print(f"the failing run with {changed or 'nothing changed'}, seed {seed}")
    model = train(config, tokens, labels, seed, on_step)
    print(file=sys.stderr)
    print(curve(range(len(losses)), losses, math.log(NUM_CLASSES)))
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


def show_trace(trace: Trace) -> None:
    """Print one trace as a student reads it. What it means is for the student to say."""
    chance = math.log(trace["num_classes"])
    print(
        f"{trace['num_classes']} classes, {len(trace['grad_norms'][0])} layers; dashes: ln C = {chance:.3f}"
    )
    print(curve(trace["step"], trace["loss"], chance))
    print("\ngradient norm per layer, first to last")
    rows = range(len(trace["step"]))
    for row in sorted({0, 1, len(rows) // 4, len(rows) // 2, len(rows) - 1} & set(rows)):
        norms = " ".join(f"{norm:8.1e}" for norm in trace["grad_norms"][row])
        print(f"step {trace['step'][row]:5}  loss {trace['loss'][row]:9.3g}  {norms}")
    print("\nvalidation loss")
    for step, loss in zip(trace["val_step"], trace["val_loss"], strict=True):
        print(f"step {step:5}  {loss:.3f}")


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m experiment", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    cure = commands.add_parser("cure", help="train the failing run with something changed")
    cure.add_argument("--norm", choices=("post", "pre"), default=FAILING.norm)
    cure.add_argument("--lr", type=float, default=FAILING.lr)
    cure.add_argument("--warmup", type=int, default=FAILING.warmup_steps, metavar="STEPS")
    cure.add_argument("--clip", type=float, default=FAILING.clip_norm, metavar="NORM")
    cure.add_argument("--dropout", type=float, default=FAILING.dropout)
    cure.add_argument("--seed", type=int, default=0)
    trace = commands.add_parser("trace", help="look at a recorded run")
    trace.add_argument("name", nargs="?", help="left out: list the names")
    options = parser.parse_args(arguments)

    if options.command == "cure":
        torch.set_num_threads(1)  # at this size a second thread costs more than it brings
        config = replace(
            FAILING,
            norm=options.norm,
            lr=options.lr,
            warmup_steps=options.warmup,
            clip_norm=options.clip,
            dropout=options.dropout,
        )
        try_config(config, options.seed)
        return
    traces = public_traces()
    if options.name is None:
        print("\n".join(traces))
    elif options.name in traces:
        show_trace(traces[options.name])
    else:
        parser.error(f"no trace {options.name!r}; there are {', '.join(traces)}")


if __name__ == "__main__":
    main()
