"""Hidden tests of overfitting.py: random tables, losses and networks, and their edges."""

import json
import math
from pathlib import Path

import numpy as np

from grader.datasets.digits import HARD, digits
from grader.testing import award, check_each, closed_share, graded

# ---- p3.rank


def table(rng, arms, runs=(3, 9)):
    """Accuracies of repeated runs, some arms close together and some far apart."""
    means = 0.3 + 0.05 * rng.integers(0, 8, size=arms) + rng.uniform(0, 0.02, size=arms)
    means[:3] = 0.2, 0.75, 0.75  # two groups at least, and as a rule a tie
    return {
        f"arm {name}": np.clip(
            mean + rng.uniform(0.01, 0.05) * rng.normal(size=rng.integers(*runs)), 0, 1
        ).tolist()
        for name, mean in zip(rng.permutation(arms).tolist(), means, strict=True)
    }


def ranked(subject, case):
    """The groups of one table."""
    return subject.overfitting.rank(case)


@graded("p3.rank", points=2.4, rung="random", hint="Standard error: sd with n - 1, over the root of n.")
def test_rank_random(student, reference, rng):
    """Groups of 40 random tables with unequal numbers of runs."""
    cases = [table(rng, int(rng.integers(3, 9))) for _ in range(40)]
    check_each(cases, ranked, student, reference)


@graded(
    "p3.rank", points=0.6, rung="edges", hint="Each newcomer is compared with the leader of the open group."
)
def test_rank_chains(student, reference, rng):
    """Long rows of arms of which each is close to the next."""
    cases = []
    for _ in range(8):
        step, spread = rng.uniform(0.008, 0.02), rng.uniform(0.02, 0.04)
        runs = {
            f"arm {k}": (0.9 - step * k + spread * rng.normal(size=int(rng.integers(4, 8)))).tolist()
            for k in rng.permutation(12).tolist()
        }
        cases.append(runs)
    check_each(cases, ranked, student, reference)


@graded("p3.rank", points=0.6, rung="edges", hint="One arm, none, two that are equal; what has no error?")
def test_rank_edges(student, reference):
    """No arms, one arm, arms without any spread, a plain tie, an arm with a single run."""
    cases = [
        {},
        {"only": [0.4, 0.6]},
        {"b": [0.5, 0.5], "a": [0.5, 0.5], "c": [0.25, 0.25]},
        {"b": [0.5, 0.625], "a": [0.5, 0.75], "c": [0.0, 0.125]},
        {"a": [0.5, 0.75], "b": [0.5]},
        {"a": [0.5, 0.75], "b": []},
    ]
    check_each(cases, ranked, student, reference)


# ---- p3.impact

CLEAR_ACCURACY = 0.03  # the handout's rule: this much, and two standard errors
CLEAR_LOSS = 0.1  # as a share of the loss that it is compared with


def impacts():
    """The key, by the handout's rule, from the shipped table."""
    arms = json.loads(Path(__file__).with_name("ablations_public.json").read_text(encoding="utf-8"))
    key = {}
    for name, arm in arms.items():
        if arm["against"] is None:
            continue
        other = arms[arm["against"]]
        gained = np.subtract(arm["accuracy"], other["accuracy"])
        spared = np.subtract(other["loss"], arm["loss"])
        if clear(gained, CLEAR_ACCURACY):
            key[name] = "raises_accuracy" if gained.mean() > 0 else "hurts_accuracy"
        elif spared.mean() > 0 and clear(spared, CLEAR_LOSS * np.mean(other["loss"])):
            key[name] = "lowers_loss_only"
        else:
            key[name] = "no_clear_effect"
    return key


def clear(differences, least):
    """Whether the mean difference is large enough and beyond two standard errors."""
    error = differences.std(ddof=1) / math.sqrt(len(differences))
    return bool(abs(differences.mean()) >= least and abs(differences.mean()) > 2 * error)


@graded("p3.impact", points=4.0, rung="closed")
def test_impact(student):
    """What each intervention did in the shipped runs."""
    key = set(impacts().items())
    said = set(student.overfitting.IMPACT.items())
    share = closed_share(said, key, said - key)
    award(share, "some impacts are missing or wrong; a wrong one cancels a right one")


# ---- p3.early_stopping


def training(rng, epochs, *, patience=None, min_delta=None, special=0.0):
    """A training in multiples of 1/64, so that every difference is exact; ``special``: share of failures."""
    losses = (rng.integers(40, 200, size=epochs) - np.arange(epochs)) / 64.0
    failed = rng.random(epochs) < special
    losses[failed] = rng.choice([math.nan, math.inf, -math.inf], size=int(failed.sum()))
    weights = rng.integers(1, 4000, size=(epochs + 1, 15)) / 8.0
    weights[:, -1] = rng.integers(1, 4000, size=epochs + 1)  # BatchNorm counts its batches in whole numbers
    start = int(rng.integers(0, 5))
    return {
        "patience": int(rng.integers(1, 6)) if patience is None else patience,
        "min_delta": float(rng.integers(0, 20)) / 64.0 if min_delta is None else min_delta,
        "losses": losses.tolist(),
        "epochs": np.cumsum(rng.integers(1, 4, size=epochs) + start).tolist(),
        "weights": weights.astype(np.float32),
    }


def seen(bench, *keys):
    """Asks for some of what was seen while EarlyStopping watched a training."""

    def ask(subject, case):
        found = subject.run(bench.watch, **case)
        return {key: found[key] for key in keys}

    return ask


@graded("p3.early_stopping", points=2.0, rung="random", hint="When is the count of epochs set back?")
def test_early_stopping_says_when(student, reference, bench, rng):
    """Answers of step, best loss and best epoch in random trainings that go on after a stop."""
    cases = [training(rng, int(rng.integers(6, 30))) for _ in range(30)]
    check_each(cases, seen(bench, "stop", "best_loss", "best_epoch"), student, reference, exact=True)


@graded("p3.early_stopping", points=2.0, rung="random", hint="Does state_dict() copy?")
def test_early_stopping_restores(student, reference, bench, rng):
    """Parameters and running statistics after a restore, and after a second one."""
    cases = [training(rng, int(rng.integers(3, 20))) for _ in range(20)]
    check_each(cases, seen(bench, "restored", "again"), student, reference, exact=True)


@graded("p3.early_stopping", points=0.8, rung="edges", hint="Is NaN below anything? Is anything below NaN?")
def test_early_stopping_failed_evaluations(student, reference, bench, rng):
    """NaN and the infinities first, in between, and nothing else."""
    cases = [training(rng, 14, special=0.4) for _ in range(12)]
    for case in cases[:6]:
        case["losses"][0] = math.nan
        case["losses"][1] = math.inf if case["patience"] % 2 else math.nan
    cases.append({**training(rng, 4, patience=2), "losses": [math.nan, math.inf, -math.inf, math.nan]})
    # A fall by exactly min_delta beside them, for it is another mistake to take that for an improvement.
    few = training(rng, 5, patience=4, min_delta=0.25)
    cases.append(few | {"losses": [8.0, 7.75, -math.inf, math.nan, 7.625]})
    check_each(
        cases, seen(bench, "stop", "best_loss", "best_epoch", "restored"), student, reference, exact=True
    )


@graded("p3.early_stopping", points=0.8, rung="edges", hint="Strictly below, counted from the best loss.")
def test_early_stopping_by_exactly_min_delta(student, reference, bench, rng):
    """Ties, falls by exactly min_delta, slow drifts that add up to more."""
    cases = []
    for _ in range(12):
        case = training(rng, 12, min_delta=float(rng.integers(1, 4)) / 8)
        falls = rng.choice([-1, 0, 0.5, 1, 1, 1.5], size=12) * case["min_delta"]
        case["losses"] = (8.0 - np.cumsum(falls)).tolist()
        cases.append(case)
    for _ in range(4):
        case = training(rng, 10, min_delta=0.0)
        case["losses"] = (rng.integers(1, 4, size=10) / 2).tolist()
        cases.append(case)
    check_each(
        cases, seen(bench, "stop", "best_loss", "best_epoch", "restored"), student, reference, exact=True
    )


@graded("p3.early_stopping", points=0.4, rung="edges")
def test_early_stopping_refuses(student, reference, bench):
    """A patience below one epoch and a negative min_delta."""
    cases = [(0, 0.0), (-2, 0.0), (3, -0.5), (1, 0.0)]
    check_each(cases, lambda subject, case: subject.run(bench.build_stopping, *case), student, reference)


# ---- p3.freeze

STAGES = ("conv1", "bn1", "layer1", "layer2", "layer3", "layer4")


def transfer(rng, **fixed):
    """A network, a new task for it, and what is to be unfrozen."""
    classes = int(rng.integers(3, 9))
    images, labels = digits(2 * classes, rng, distortion=HARD)
    case = {
        "seed": int(rng.integers(2**31)),
        "width": 4 * int(rng.integers(1, 3)),
        "classes": int(rng.integers(2, 12)),
        "new_classes": classes,
        "rates": [float(10 ** rng.uniform(-2, -1.6)), float(10 ** rng.uniform(-1.4, -1))],
        "unfreeze": [stage for stage in STAGES if rng.random() < 0.4],
        "frozen_before": [],
        "images": images,
        "labels": labels % classes,
        "epochs": 2,
        "validated": True,
    }
    return case | fixed


def tuned(bench, *keys):
    """Asks for some of what prepare and train_mode did."""

    def ask(subject, case):
        found = subject.run(bench.fine_tune, **case)
        answer = {key: found[key] for key in keys}
        if "rates" in answer:  # in which order the optimizer holds them is free
            answer["rates"] = {stage: sorted(rates) for stage, rates in answer["rates"].items()}
        return answer

    return ask


@graded(
    "p3.freeze",
    points=1.6,
    rung="random",
    hint="Compare what requires a gradient with the optimizer's groups.",
)
def test_freeze_optimizer(student, reference, bench, rng):
    """What requires a gradient, and at which rate the optimizer holds it, for random stages."""
    cases = [transfer(rng) for _ in range(8)]
    check_each(cases, tuned(bench, "head", "learns", "rates", "strangers"), student, reference)


@graded("p3.freeze", points=1.6, rung="random", hint="model.train() reaches every BatchNorm.")
def test_freeze_training(student, reference, bench, rng):
    """Which stages move, and which average new images, in two epochs, with validations and without."""
    cases = [transfer(rng, validated=at % 2 == 0) for at in range(8)]
    check_each(cases, tuned(bench, "moved", "averaged", "training"), student, reference)


@graded("p3.freeze", points=0.8, rung="edges", hint="What did somebody else freeze before you?")
def test_freeze_edges(student, reference, bench, rng):
    """Only the head, everything, models that come partly frozen, a head of the same size."""
    cases = [
        transfer(rng, unfreeze=[]),
        transfer(rng, unfreeze=list(STAGES)),
        transfer(rng, unfreeze=list(STAGES), validated=False),
        transfer(rng, unfreeze=["layer4", "layer3"], frozen_before=["layer2", "layer3", "fc"]),
        transfer(rng, unfreeze=["bn1"], frozen_before=["bn1", "fc"]),
        transfer(rng, unfreeze=None, classes=5, new_classes=5, labels=np.arange(10) % 5)
        | {"images": digits(10, rng, distortion=HARD)[0]},
    ]
    keys = ("head", "new_head", "learns", "rates", "strangers", "moved", "averaged", "training")
    check_each(cases, tuned(bench, *keys), student, reference)


@graded(
    "p3.freeze", points=0.8, rung="edges", hint="A name that is misspelt must not freeze everything silently."
)
def test_freeze_unknown_stages(student, reference, bench, rng):
    """Stages that the network does not have, and the head, which is no stage."""
    cases = [
        transfer(rng, unfreeze=unfreeze) for unfreeze in (["layer5"], ["layer4", "stem"], ["fc"], ["layer3"])
    ]
    check_each(cases, tuned(bench, "learns", "moved"), student, reference)
