"""Hidden tests of transformer.py on real runs: cures trained by our own code, causes of recorded traces."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from grader.datasets.tokens import majority
from grader.testing import award, check, check_each, closed_share, graded
from grader.values import Record, is_number

Case = dict[str, Any]

# ---- p5.cure -----------------------------------------------------------------------------------------------

LIMITS = {"norm": "post", "lr": 1e-2, "warmup_steps": 0, "clip_norm": None, "dropout": 0.0}  # given.FAILING
PASS = 0.90  # measured: right cures 0.99 or more; warm-up of 40 or less, clipping and dropout 0.30 or less


def sound(config: Record) -> None:
    """Fail unless the given code can be run with the configuration."""
    fields = config.fields
    numbers = [fields.get(key) for key in ("lr", "warmup_steps", "dropout")]
    clip = fields.get("clip_norm")
    usable = (
        config.name == "Config"
        and set(fields) == set(LIMITS)
        and isinstance(fields["norm"], str)
        and fields["norm"] in ("post", "pre")
        and all(is_number(number) and math.isfinite(number) for number in numbers)
        and (clip is None or (is_number(clip) and 0 < float(clip) < math.inf))
    )
    check(bool(usable), "it is not a given.Config with usable values")
    lr, warmup, dropout = (float(number) for number in numbers)
    check(0 < lr <= 100 and 0 <= dropout < 1, "its learning rate or its dropout is out of range")
    check(0 <= warmup <= 10**6 and warmup == int(warmup), "warmup_steps is a number of steps")


def changes(config: Record) -> set[str]:
    """Names of the fields that are not as in the failing run."""
    found = set()
    for key, failed in LIMITS.items():
        value = config.fields[key]
        kept = (
            float(value) == float(failed)
            if is_number(value) and is_number(failed)
            else value is None
            if failed is None
            else isinstance(value, str) and value == failed
        )
        if not kept:
            found.add(key)
    return found


def trains(reference, bench, config: Record, rng: np.random.Generator) -> None:
    """Train in a worker of ours on up to three secret seeds; the median decides, so two that agree end it.

    The configuration is all that comes from the student, so nothing about the runs can be forged.
    """
    fields = {key: config.fields[key] for key in LIMITS}
    fields |= {"lr": float(fields["lr"]), "warmup_steps": int(fields["warmup_steps"])}
    reached: list[float] = []
    while sum(a >= PASS for a in reached) < 2 and sum(a < PASS for a in reached) < 2:
        seed = int(rng.integers(2**31))
        train, test = majority(8192, 12, seed), majority(500, 12, seed + 1)
        predicted = reference.run(bench.cure_predictions, fields, *train, test.tokens, seed)
        reached.append(float(np.mean(predicted == test.labels)))
    median = sorted(reached)[len(reached) // 2] if len(reached) == 3 else sum(reached) / 2
    figures = f"a right cure reaches 0.99 or more, this one {median:.2f}; 0.90 is asked"
    check(sum(a >= PASS for a in reached) >= 2, f"the configuration does not train: {figures}")


@graded(
    "p5.cure",
    points=3.0,
    rung="random",
    hint="Which fields act on the first steps?",
)
@pytest.mark.timeout(60)
def test_cure_a_trains(student, reference, bench, rng):
    """CURE_A differs from FAILING in one field and trains on secret seeds."""
    config = student.transformer.CURE_A
    sound(config)
    check(len(changes(config)) == 1, "CURE_A does not differ from FAILING in exactly one field")
    trains(reference, bench, config, rng)


@graded(
    "p5.cure",
    points=3.0,
    rung="random",
    hint="Which fields act on the first steps?",
)
@pytest.mark.timeout(60)
def test_cure_b_trains(student, reference, bench, rng):
    """CURE_B differs from FAILING in one field, another than CURE_A's, and trains on secret seeds."""
    other, config = student.transformer.CURE_A, student.transformer.CURE_B
    sound(config)
    check(len(changes(config)) == 1, "CURE_B does not differ from FAILING in exactly one field")
    usable = set(other.fields) == set(LIMITS)
    check(not usable or changes(other) != changes(config), "CURE_B changes the same field as CURE_A")
    trains(reference, bench, config, rng)


# ---- p5.diagnose -------------------------------------------------------------------------------------------

STORY = {  # cause: mechanism, prevention
    "lr_too_high": ("step_destroys_signal", "warmup_or_range_test"),
    "vanishing": ("product_of_small_derivatives", "check_layer_norms_at_step_0"),
    "lr_too_low": ("steps_too_small", "lr_range_test"),
    "diverged": ("runaway_growth", "zero_grad_lower_lr_and_loss_alarm"),
    "overfit": ("memorising", "validate_and_stop"),
    "healthy": ("none", "none"),
}
MISCONCEPTIONS = {("mechanism", "post_ln_always_vanishes")} | {
    ("prevention", word) for word in ("needs_clipping", "needs_more_layers")
}
WORDS_OF = {
    cause: {("cause", cause), ("mechanism", mechanism), ("prevention", prevention)}
    for cause, (mechanism, prevention) in STORY.items()
}
EVERY_WORD = MISCONCEPTIONS.union(*WORDS_OF.values())
FEWEST_ROWS = 6  # the handout promises so many


def recorded(name: str = "hidden") -> list[Case]:
    """The recorded runs: cause, trace, and the fewest rows that still show the cause."""
    return json.loads(Path(__file__).with_name(f"traces_{name}.json").read_text(encoding="utf-8"))


def varied(run: Case, rng: np.random.Generator) -> Case:
    """The same run as another log would have kept it: ended earlier, fewer rows and layers, another scale.

    None of this changes the cause; a scale common to all gradients cancels in every ratio.
    """
    trace = run["trace"]
    rows = int(rng.integers(run["shortest"], len(trace["step"]), endpoint=True))
    ended = trace["step"][rows - 1]
    tail = rows - max(1, rows // 5)  # what a reader averages over as the end stays whole
    kept = [row for row in range(rows) if row == 0 or row >= tail or rng.random() < 0.75]
    if len(kept) < FEWEST_ROWS:
        kept = list(range(rows))
    width = len(trace["grad_norms"][0])
    layers = [layer for layer in range(width) if layer in (0, width - 1) or rng.random() < 0.7]
    factor = float(2.0 ** rng.integers(-6, 7))
    return {
        "num_classes": trace["num_classes"],
        "step": [trace["step"][row] for row in kept],
        "loss": [trace["loss"][row] for row in kept],
        "grad_norms": [[factor * trace["grad_norms"][row][layer] for layer in layers] for row in kept],
        "val_step": [step for step in trace["val_step"] if step <= ended],
        "val_loss": [
            loss for step, loss in zip(trace["val_step"], trace["val_loss"], strict=True) if step <= ended
        ],
    }


def words(answer: Case) -> set[tuple[str, str]]:
    """The three words of an answer."""
    keys = ("cause", "mechanism", "prevention")
    return {(key, answer[key]) for key in keys if isinstance(answer.get(key), str)}


def figures(*keys: str):
    """Asks for some figures of an answer."""

    def ask(subject, trace: Case):
        answer = subject.transformer.diagnose(trace)
        return {key: answer.get(key) for key in keys}

    return ask


def best_step(subject, trace: Case):
    """The step of the least validation loss; 50.0 is as good as 50."""
    found = subject.transformer.diagnose(trace).get("best_step")
    return float(found) if is_number(found) else found


def spiked(run: Case, rng: np.random.Generator) -> Case:
    """The run, varied, with a last batch whose loss is that of a diverged run; its end is what it was.

    So many rows stay that the last fifth has three at least, however it is rounded.
    """
    whole = run | {"shortest": len(run["trace"]["step"])}
    while len((trace := varied(whole, rng))["loss"]) < 15:
        pass
    trace["loss"][-1] = float(rng.uniform(20, 60)) * math.log(trace["num_classes"])
    return trace


def unvalidated(run: Case, rng: np.random.Generator) -> Case:
    """The run, varied; where something was learned, its first validation failed."""
    trace = varied(run, rng)
    if run["cause"] in ("overfit", "healthy"):
        trace["val_loss"] = [math.nan, *trace["val_loss"]]
        trace["val_step"] = [0, *(step + 1 for step in trace["val_step"])]
    return trace


Log = Callable[[Case, np.random.Generator], Case]


def tell(student, runs: list[Case], rng: np.random.Generator, what: str, log: Log = varied) -> None:
    """Award the share of the words that fit their run, in random order."""
    told, wrong = [], 0
    for index in rng.permutation(len(runs)):
        required = WORDS_OF[runs[index]["cause"]]
        named = words(student.transformer.diagnose(log(runs[index], rng)))
        told.append((named, required, EVERY_WORD - required))
        wrong += not required <= named
    award(closed_share(told), f"{wrong} of {len(runs)} {what} are not told right")


@graded(
    "p5.diagnose", points=3.2, rung="random", hint="Step 0 first, then ln C, then the ratio then and now."
)
def test_diagnose_causes(student, rng):
    """Cause, mechanism and prevention of 48 recorded runs."""
    tell(student, recorded(), rng, "recorded runs")


@graded("p5.diagnose", points=1.0, rung="random", hint="First layer over last; ln C, whatever C is.")
def test_diagnose_ratios(student, reference, rng):
    """Chance loss and gradient ratios of 48 recorded runs."""
    cases = [varied(run, rng) for run in recorded()]
    keys = ("chance_loss", "gradient_ratio_first", "gradient_ratio_last")
    check_each(cases, figures(*keys), student, reference, scale=1.0)


@graded(
    "p5.diagnose",
    points=0.6,
    rung="random",
    hint="The step that was logged, where the validation loss is least.",
)
def test_diagnose_best_step(student, reference, rng):
    """Best step of 48 recorded runs."""
    cases = [varied(run, rng) for run in recorded()]
    check_each(cases, best_step, student, reference, exact=True, label="best_step")


@graded(
    "p5.diagnose",
    points=0.6,
    rung="edges",
    hint="A loss that rises is not yet overfitting; a low one may have been lost.",
)
def test_diagnose_hard_causes(student, rng):
    """Collapses, gradients small from the start, losses that rise on both sets, a failed validation."""
    hard = [run for run in recorded() if run["cause"] != "lr_too_low"]
    tell(student, hard, rng, "runs that are easily taken for another kind", unvalidated)


@graded("p5.diagnose", points=0.4, rung="edges", hint="Is a loss of 1 small? Of 6 large? It depends on C.")
def test_diagnose_class_counts(student, rng):
    """Runs with three classes and with some thirty."""
    tell(student, recorded("classes"), rng, "runs with very few or many classes")


@graded("p5.diagnose", points=0.4, rung="edges", hint="What is the end of a run, if one batch is noisy?")
def test_diagnose_spike_at_the_end(student, rng):
    """Runs of which none diverged, with one loss far above all others, in the last batch."""
    sound_ends = [run for run in recorded() if run["cause"] != "diverged"]
    tell(student, sound_ends, rng, "runs with a spike in the last batch", spiked)


@graded("p5.diagnose", points=0.6, rung="edges", hint="NaN first, and a tie.")
def test_diagnose_best_step_edges(student, reference, rng):
    """Best step where a validation failed and where the least loss comes twice."""
    runs = recorded()
    cases = []
    for index in rng.permutation(len(runs))[:12]:
        trace = varied(runs[index], rng)
        least = float(np.nanmin(trace["val_loss"]))
        trace["val_loss"] = [math.nan, *trace["val_loss"], least]
        trace["val_step"] = [0, *(step + 1 for step in trace["val_step"]), trace["step"][-1] + 2]
        cases.append(trace)
    check_each(cases, best_step, student, reference, exact=True, label="best_step")


@graded("p5.diagnose", points=0.4, rung="edges", hint="Not every row can be read.")
def test_diagnose_ratio_edges(student, reference, rng):
    """The last gradient ratio where the last rows hold infinite norms or zeros, or NaN in one inner layer."""
    cases = []
    for run in [run for run in recorded() if run["cause"] != "diverged"][::5]:
        trace = varied(run, rng)
        trace["grad_norms"][-1] = [math.inf] * len(trace["grad_norms"][-1])
        trace["grad_norms"][-2][-1] = 0.0
        cases.append(trace)
        for failed in (math.inf, math.nan):
            trace = varied(run, rng)
            rows = [[row[0], row[0], *row[1:]] for row in trace["grad_norms"]]  # one inner layer at least
            rows[-1][0] = 8.0 * rows[-1][-1]
            rows[-1][int(rng.integers(1, len(rows[-1]) - 1))] = failed
            cases.append(trace | {"grad_norms": rows})
    check_each(cases, figures("gradient_ratio_last"), student, reference, scale=1.0)
