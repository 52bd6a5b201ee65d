"""Records the traces of p5.diagnose from real training runs; not handed out.

    python reference/p5/record_traces.py            assignments/p5/traces_{hidden,public}.json, ten minutes
    python reference/p5/record_traces.py classes    assignments/p5/traces_classes.json, one minute

The second holds runs with three or some thirty classes whose losses, read as numbers rather than as multiples
of ln C, say something else: see `misread`.

Every run is drawn from its cause's table below (seed, depth, classes, rate and length are random), trained,
and kept only if it is clear-cut: `clear_cut` states the distances that the handout promises. What is dropped
is printed.
"""

from __future__ import annotations

import json
import math
import statistics
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

from given import LENGTH, EncoderClassifier, Trace  # noqa: E402
from transformer import diagnose, grad_norms  # noqa: E402

from grader.datasets.tokens import majority, vocabulary  # noqa: E402

CAUSES = ("lr_too_high", "vanishing", "lr_too_low", "diverged", "overfit", "healthy")
HIDDEN_OF_EACH = 8
CLASSES_OF_EACH = 3
ROWS = (24, 36)  # logged rows a trace, at least and at most


class PlainStack(nn.Module):
    """Linear layers with one activation and no residual path, on the mean embedding of the tokens."""

    def __init__(
        self, depth: int, width: int, classes: int, activation: type[nn.Module], gain: float
    ) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, width)
        self.layers = nn.ModuleList(
            nn.Sequential(nn.Linear(width, width), activation()) for _ in range(depth)
        )
        self.head = nn.Linear(width, classes)
        for layer in self.layers:
            nn.init.normal_(layer[0].weight, std=gain / math.sqrt(width))

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.embedding(tokens).mean(dim=1)
        for layer in self.layers:
            x = layer(x)
        return self.head(x)


@dataclass
class Run:
    """One run to record."""

    model: Callable[[int], nn.Module]  # number of classes -> model with .layers
    lr: float
    steps: int
    warmup: int = 0
    sgd: bool = False
    zero_grad: bool = True
    samples: int = 8192
    wrong_labels: float = 0.0
    batch: int = 32


def draw(cause: str, kind: int, rng: np.random.Generator) -> Run:
    """A random run that ought to show the cause, in one of three kinds (0, 1, 2)."""

    def log_uniform(low: float, high: float) -> float:
        return float(np.exp(rng.uniform(math.log(low), math.log(high))))

    def encoder(norm: Any, layers: tuple[int, int]) -> Callable[[int], nn.Module]:
        depth, heads = int(rng.integers(*layers, endpoint=True)), int(rng.choice([1, 2, 4]))
        return lambda classes: EncoderClassifier(norm, num_layers=depth, num_heads=heads, num_classes=classes)

    def stack(activation: type[nn.Module], gain: float, depth: tuple[int, int]) -> Callable[[int], nn.Module]:
        layers, width = int(rng.integers(*depth, endpoint=True)), int(rng.choice([32, 48, 64]))
        return lambda classes: PlainStack(layers, width, classes, activation, gain)

    steps = int(rng.integers(90, 180))
    norm = str(rng.choice(["post", "pre"]))
    if cause == "lr_too_high":  # collapse at once, or (warm-up too short) after a good start
        warmup = int(rng.integers(24, 40)) if kind == 0 else 0
        return Run(encoder("post", (10, 14)), log_uniform(9e-3, 2e-2), steps, warmup)
    if cause == "vanishing":
        model = stack(nn.Tanh, 0.35, (9, 12)) if kind == 0 else stack(nn.Sigmoid, 1.0, (6, 10))
        return Run(model, log_uniform(1e-4, 6e-4), steps)
    if cause == "lr_too_low":
        if kind == 0:
            return Run(stack(nn.ReLU, 1.41, (4, 8)), log_uniform(1e-3, 6e-3), steps, sgd=True)
        return Run(encoder(norm, (8, 14)), log_uniform(3e-6, 2e-5), steps)
    if cause == "diverged":
        if kind == 0:  # gradients pile up, as in B5
            return Run(stack(nn.Sigmoid, 1.0, (2, 5)), log_uniform(0.1, 0.5), steps, zero_grad=False)
        if kind == 1:  # overflows to inf and nan
            return Run(stack(nn.ReLU, 1.8, (5, 8)), log_uniform(1.0, 5.0), steps, sgd=True)
        return Run(encoder(norm, (4, 12)), log_uniform(1.0, 10.0), steps)
    if cause == "overfit":
        samples, wrong = int(rng.integers(96, 224)), float(rng.uniform(0.25, 0.4))
        long = int(rng.integers(250, 450))
        model = stack(nn.ReLU, 1.41, (2, 4)) if kind == 0 else encoder(norm, (2, 4))
        return Run(model, log_uniform(1e-3, 3e-3), long, samples=samples, wrong_labels=wrong)
    if kind == 0:
        return Run(stack(nn.ReLU, 1.41, (2, 5)), log_uniform(1e-3, 3e-3), 2 * steps)
    if kind == 1:  # a good rate; for Post-LN that includes the documents' 1e-4, which only takes longer
        return Run(encoder(norm, (10, 12)), log_uniform(1e-4, 2e-3), steps + 100)
    return Run(encoder("post", (10, 12)), log_uniform(6e-3, 1e-2), steps + 60, warmup=90)


def draw_classes(cause: str, rng: np.random.Generator) -> tuple[Run, int]:
    """A random run with few or many classes that ought to show the cause, and the number of classes."""
    width = int(rng.choice([32, 48, 64]))

    def stack(depth: int, head: float = 1.0) -> Callable[[int], nn.Module]:
        def built(classes: int) -> nn.Module:
            model = PlainStack(depth, width, classes, nn.ReLU, 1.41)
            with torch.no_grad():
                model.head.weight.mul_(head)
            return model

        return built

    steps, depth = int(rng.integers(250, 450)), int(rng.integers(2, 4, endpoint=True))
    if cause == "overfit":  # a few of three labels are wrong: the validation loss turns and stays low
        samples, wrong = int(rng.integers(160, 320)), float(rng.uniform(0.04, 0.10))
        return Run(stack(depth), 1e-3, steps, samples=samples, wrong_labels=wrong), 3
    many = int(rng.integers(28, 31, endpoint=True))
    if cause == "healthy":  # wrong labels that a single pass cannot learn keep the loss near 0.7 nats
        wrong = float(rng.uniform(0.10, 0.13))
        return Run(stack(depth), 3e-3, steps, samples=65536, wrong_labels=wrong, batch=128), many
    # A head that starts too large: far worse than guessing, and too slow to mend it.
    head = float(rng.uniform(6, 11))
    return Run(stack(depth, head), float(rng.uniform(1e-5, 4e-5)), steps // 2, batch=128), many


def misread(trace: Trace, cause: str) -> bool:
    """Does a reader who forgets ln C in one of the limits take the trace for another cause, and clearly?"""
    tail = statistics.median(trace["loss"][-max(1, len(trace["loss"]) // 5) :])
    return {
        "overfit": trace["val_loss"][-1] < 1.0,  # less than 1.15, though 1.3 times the least
        "healthy": tail > 0.58,  # more than 0.5, though less than 0.35 ln C
        "lr_too_low": tail > 5.3,  # more than 5, though less than 2 ln C
    }[cause]


def record(run: Run, seed: int, rng: np.random.Generator, classes: int | None = None) -> Trace:
    """Train and log. Norms are taken after the backward pass, so row 0 is the untouched model."""
    classes = classes or int(rng.integers(5, 15))
    torch.manual_seed(seed)
    model = run.model(classes)
    data = majority(run.samples, LENGTH, seed, classes=classes, wrong_labels=run.wrong_labels)
    held_out = majority(256, LENGTH, seed + 1, classes=classes, wrong_labels=run.wrong_labels)
    tokens, labels, val_tokens, val_labels = map(torch.from_numpy, (*data, *held_out))
    if run.sgd:
        optimizer: torch.optim.Optimizer = torch.optim.SGD(model.parameters(), lr=run.lr)
    else:
        optimizer = torch.optim.Adam(model.parameters(), lr=run.lr)
    rows = int(rng.integers(*ROWS, endpoint=True))
    logged = sorted({round(x) for x in np.linspace(0, run.steps - 1, rows)})
    validated = set(logged[:: int(rng.integers(2, 5))]) | {logged[-1]}
    trace: Trace = {
        "num_classes": classes, "step": logged, "loss": [], "grad_norms": [],
        "val_step": sorted(validated), "val_loss": [],
    }  # fmt: skip
    for step in range(run.steps):
        for group in optimizer.param_groups:
            group["lr"] = run.lr * min(1.0, (step + 1) / max(1, run.warmup))
        if step in validated:
            with torch.no_grad():
                trace["val_loss"].append(float(nn.functional.cross_entropy(model(val_tokens), val_labels)))
        batch = torch.randint(len(tokens), (run.batch,))
        loss = nn.functional.cross_entropy(model(tokens[batch]), labels[batch])
        if run.zero_grad:
            optimizer.zero_grad()
        loss.backward()
        if step in logged:
            trace["loss"].append(loss.item())
            trace["grad_norms"].append(grad_norms(list(model.layers)).tolist())  # type: ignore[arg-type]
        optimizer.step()
    return rounded(trace)


def rounded(trace: Trace) -> Trace:
    """Four digits are enough for any reader, and keep the file small."""

    def short(value: float) -> float:
        return float(f"{value:.4g}")

    trace["loss"] = [short(v) for v in trace["loss"]]
    trace["val_loss"] = [short(v) for v in trace["val_loss"]]
    trace["grad_norms"] = [[float(f"{v:.3g}") for v in row] for row in trace["grad_norms"]]
    return trace


def cut(trace: Trace, rows: int) -> Trace:
    """The first rows of a trace, with the validations up to there."""
    last = trace["step"][rows - 1]
    validations = sum(step <= last for step in trace["val_step"])
    return {
        "num_classes": trace["num_classes"], "step": trace["step"][:rows], "loss": trace["loss"][:rows],
        "grad_norms": trace["grad_norms"][:rows], "val_step": trace["val_step"][:validations],
        "val_loss": trace["val_loss"][:validations],
    }  # fmt: skip


def clear_cut(trace: Trace, cause: str) -> bool:
    """Does the trace keep the distances that the handout promises?"""
    chance = math.log(trace["num_classes"])
    if not all(map(math.isfinite, trace["loss"])):
        return cause == "diverged"
    found = diagnose(trace)
    first, last = float(found["gradient_ratio_first"]), float(found["gradient_ratio_last"])
    tail = trace["loss"][-max(1, len(trace["loss"]) // 5) :]
    ends = [loss / chance for loss in (statistics.median(tail), trace["loss"][-1])]
    rise = trace["val_loss"][-1] / min(trace["val_loss"])
    trained = max(ends) < 0.35 and max(tail) < 0.5 * chance
    stuck = min(ends) > 0.65 and max(ends) < 2.0 and min(tail) > 0.55 * chance
    falls = 1 - trace["val_loss"][-1] / trace["val_loss"][0]
    calm = trace["val_loss"][0] < 2 * chance and max(trace["loss"][: len(trace["loss"]) // 2]) < 4 * chance
    return {
        "diverged": min(ends) > 10 and min(tail) > 6 * chance,
        "overfit": trained and rise > 1.3 and calm,
        "healthy": trained and rise < 1.08 and calm,
        "vanishing": stuck and first < 3e-3 and last < 1e-2 and min(tail) > 0.9 * chance,
        "lr_too_high": stuck and first > 0.1 and last < 2e-3,
        "lr_too_low": stuck and first > 0.1 and last > 0.1 and calm and falls > 0.02,
    }[cause]


def shortest(trace: Trace, cause: str, also: Callable[[Trace, str], bool] = lambda *_: True) -> int:
    """Fewest rows from which on every cut is clear-cut too: a test may cut there or anywhere later."""
    rows = len(trace["step"])
    while rows > 12 and clear_cut(shorter := cut(trace, rows - 1), cause) and also(shorter, cause):
        rows -= 1
    return rows


def main() -> None:
    """Record, sort out, write."""
    torch.set_num_threads(1)
    rng = np.random.default_rng(20)
    hidden: list[dict[str, Any]] = []
    public: dict[str, dict[str, Any]] = {}
    names = dict(zip(CAUSES, rng.permutation(list("abcdef")), strict=True))
    for cause in CAUSES:
        kept, dropped = 0, 0
        while kept <= HIDDEN_OF_EACH:
            seed = int(rng.integers(2**31))
            trace = record(draw(cause, kept % 3, rng), seed, rng)
            if not clear_cut(trace, cause):
                dropped += 1
                continue
            assert diagnose(trace)["cause"] == cause, (cause, seed)
            if kept == HIDDEN_OF_EACH:
                public[names[cause]] = {"trace": trace, "answer": diagnose(trace)}
            else:
                hidden.append({"cause": cause, "shortest": shortest(trace, cause), "trace": trace})
            kept += 1
        print(f"{cause}: {kept} kept, {dropped} dropped as not clear-cut", flush=True)
    folder = ROOT / "assignments" / "p5"
    write(folder / "traces_hidden.json", "[\n", "\n]\n", [dumped(row) for row in hidden])
    write(
        folder / "traces_public.json",
        "{\n",
        "\n}\n",
        [f'"{k}": {dumped(v)}' for k, v in sorted(public.items())],
    )


def main_classes() -> None:
    """Record and write the runs with few or many classes."""
    torch.set_num_threads(1)
    rng = np.random.default_rng(21)
    hidden: list[dict[str, Any]] = []
    for cause in ("overfit", "healthy", "lr_too_low"):
        kept, dropped = 0, 0
        while kept < CLASSES_OF_EACH:
            run, classes = draw_classes(cause, rng)
            trace = record(run, int(rng.integers(2**31)), rng, classes)
            if not (clear_cut(trace, cause) and misread(trace, cause)):
                dropped += 1
                continue
            assert diagnose(trace)["cause"] == cause, cause
            hidden.append({"cause": cause, "shortest": shortest(trace, cause, misread), "trace": trace})
            kept += 1
        print(f"{cause}: {kept} kept, {dropped} dropped as not clear-cut", flush=True)
    write(
        ROOT / "assignments" / "p5" / "traces_classes.json", "[\n", "\n]\n", [dumped(row) for row in hidden]
    )


def dumped(value: Any) -> str:
    """Compact JSON (Python's inf and nan included)."""
    return json.dumps(value, separators=(",", ":"))


def write(path: Path, start: str, end: str, rows: list[str]) -> None:
    """One row a line, so that a diff shows which run changed."""
    path.write_text(start + ",\n".join(rows) + end)


if __name__ == "__main__":
    main_classes() if sys.argv[1:] == ["classes"] else main()
