"""Hidden tests of regularization.py: training histories, and which model to deploy."""

import copy
import math

import numpy as np

from grader.testing import assert_same, award, check, check_each, closed_share, graded

KINDS = ("diverging", "leak", "overfit", "underfit", "healthy")

# ---- Histories: every figure keeps its distance from the limits of the handout's table


def falling(rng, first, last, rows):
    """From first to last, each lower than the one before."""
    steps = rng.uniform(0.3, 1.0, size=rows - 1) * np.linspace(1.6, 0.4, rows - 1)
    return first - (first - last) * np.concatenate([[0], np.cumsum(steps) / steps.sum()])


def flat_end(rng, first, least, rows):
    """Validation losses that end within 8 % of their least."""
    losses = falling(rng, first, least, rows)
    losses[-1] = least * float(rng.uniform(1.0, 1.07))
    return losses


def turned(rng, first, rows):
    """Validation losses that end at least 30 % above their least."""
    best = int(rng.integers(1, rows - 2))
    least = first * float(rng.uniform(0.3, 0.7))
    down = falling(rng, first, least, best + 1)
    up = -falling(rng, -least, -least * float(rng.uniform(1.35, 2.5)), rows - best)
    return np.concatenate([down, up[1:]])


def off_zero(gap):
    """A gap of 0.005 at least, to either side: of a smaller one rounding leaves too little to be judged."""
    return math.copysign(max(abs(gap), 0.005), gap)


def random_history(kind, rng):
    """A history of this kind and its number of classes."""
    classes, rows = int(rng.integers(2, 40)), int(rng.integers(6, 30))
    chance = math.log(classes)
    start = chance * float(rng.uniform(0.9, 1.4))
    external = None
    if kind == "underfit":
        train_acc, gap = float(rng.uniform(0.2, 0.5)), off_zero(float(rng.uniform(-0.05, 0.015)))
        train = falling(rng, start, chance * float(rng.uniform(0.6, 0.85)), rows)
        val = flat_end(rng, start, float(train[-1]), rows)
    else:
        train_acc, gap = float(rng.uniform(0.75, 0.97)), off_zero(float(rng.uniform(-0.03, 0.12)))
        train = falling(rng, start, chance * float(rng.uniform(0.05, 0.4)), rows)
        val = flat_end(rng, start, float(train[-1]) * float(rng.uniform(0.8, 1.3)), rows)
    if kind == "overfit" or (kind in ("leak", "diverging") and rng.random() < 0.4):
        val = turned(rng, start, rows)
        gap = float(rng.choice([rng.uniform(0.02, 0.08), rng.uniform(0.12, 0.4)]))
    elif kind == "healthy" and rng.random() < 0.4:
        gap = float(rng.uniform(0.12, 0.25))  # ahead in training, and the validation loss has not turned
    if kind == "leak":
        external = train_acc - gap - float(rng.uniform(0.3, 0.4))
    elif rng.random() < 0.6:
        external = train_acc - gap - float(rng.uniform(-0.05, 0.1))
    if kind == "diverging":
        train[-1] = (
            chance * float(rng.uniform(3, 50)) if rng.random() < 0.5 else rng.choice([math.nan, math.inf])
        )
        if rng.random() < 0.5:
            external = train_acc - gap - 0.35
    accuracies = np.linspace(1 / classes, train_acc, rows)
    validated = accuracies + np.linspace(0, -gap, rows)
    step, first = int(rng.integers(1, 6)), int(rng.integers(0, 3))
    history = []
    for at in range(rows):
        history.append(
            {
                "epoch": first + step * at,
                "train_loss": float(train[at]),
                "train_acc": float(accuracies[at]),
                "val_loss": math.nan if 0 < at < rows - 3 and rng.random() < 0.05 else float(val[at]),
                "val_acc": float(validated[at]),
                "external_acc": None if external is None else external * float(at + 1) / rows,
            }
        )
    return [history, classes]


def single(value):
    """A number, however it is wrapped."""
    array = np.asarray(value)
    check(array.ndim == 0 and array.dtype.kind in "iuf", "an entry is not a number")
    return float(array)


def best_epoch(subject, case):
    """The epoch alone: it is exact."""
    return round(single(subject.regularization.diagnose(*case).get("best_epoch")))


def figures(subject, case):
    """Gap and chance loss."""
    answer = subject.regularization.diagnose(*case)
    return {key: single(answer.get(key)) for key in ("gap", "chance_loss")}


@graded("p3.diagnose", points=1.2, rung="random", hint="Gap: the last row. Best epoch: any row.")
def test_diagnose_figures_random(student, reference, rng):
    """Best epoch, gap and chance loss of random histories."""
    cases = [random_history(kind, rng) for kind in KINDS for _ in range(5)]
    check_each(cases, best_epoch, student, reference)
    check_each(cases, figures, student, reference, scale=1.0)


@graded("p3.diagnose", points=2.0, rung="random", hint="Ask the table's questions in the table's order.")
def test_diagnose_kinds_random(student, rng):
    """The kinds of 40 random histories, eight of each; a wrong one cancels a right one."""
    pooled = []
    for at, kind in enumerate(rng.permutation(np.repeat(KINDS, 8)).tolist()):
        said = student.regularization.diagnose(*random_history(kind, rng)).get("kind")
        required = {(at, kind)}
        pooled.append(({(at, said if isinstance(said, str) else "")}, required, {(at, said)} - required))
    award(closed_share(pooled), "some histories are of another kind")


@graded("p3.diagnose", points=1.6, rung="edges", hint="NaN compares as False. What does min() make of that?")
def test_diagnose_edges(student, reference, rng):
    """NaN first, ties, a single row, a best last row, columns that begin or end late, losses near a limit."""
    base = random_history("healthy", rng)[0]
    least = min(row["val_loss"] for row in base if not math.isnan(row["val_loss"]))

    def changed(column, values, rows=base):
        copied = [dict(row) for row in rows]
        for at, value in values.items():
            copied[at][column] = value
        return [copied, 7]

    cases = [
        changed("val_loss", {0: math.nan}),
        changed("val_loss", {0: math.nan, 1: math.nan, 2: least / 2, 4: least / 2}),
        changed("val_loss", {1: least / 2, 3: least / 2, 4: math.nan}),
        changed("val_loss", {len(base) - 1: least / 2}),
        changed("val_loss", {0: least / 4, 1: math.inf}),
        [[dict(base[-1])], 2],
    ]
    check_each(cases, best_epoch, student, reference)
    check_each(cases, figures, student, reference, scale=1.0)
    kinds = []
    for kind in ("leak", "overfit", "diverging", "healthy", "underfit"):
        history, classes = random_history(kind, rng)
        for row in history[:-1]:
            row["external_acc"] = None
        kinds.append((kind, history, classes))
    history, classes = random_history("diverging", rng)
    kinds.append(
        ("diverging", [row | {"train_loss": math.nan, "external_acc": 0.0} for row in history], classes)
    )
    # The column ends early: what it said of an earlier network is no answer about the last one.
    history, classes = random_history("healthy", rng)
    gone = [row | {"external_acc": row["val_acc"] - 0.4} for row in history[:-1]]
    kinds.append(("healthy", [*gone, history[-1] | {"external_acc": None}], classes))
    # After a spike in the middle the loss has come down again: what counts is the last row.
    history, classes = random_history("healthy", rng)
    history[3]["train_loss"] = 9.0 * math.log(classes)
    kinds.append(("healthy", history, classes))
    # Either side of 2 ln C: worse than guessing is not yet diverging.
    for kind, share in (("underfit", 1.7), ("diverging", 2.3)):
        history, classes = random_history(kind, rng)
        history[-1]["train_loss"] = share * math.log(classes)
        kinds.append((kind, history, classes))
    # The validation loss has turned, and the training loss has risen with it: that is no overfitting.
    history, classes = random_history("overfit", rng)
    best = min(history, key=lambda row: math.inf if math.isnan(row["val_loss"]) else row["val_loss"])
    least = best["val_loss"]
    best["train_loss"], history[-1]["train_loss"] = 0.5 * least, 0.8 * least
    kinds.append(("healthy", history, classes))
    # Underfitting is both, little learned and no gap; the training accuracy tells of the first.
    for train_acc, val_acc in ((0.45, 0.3), (0.5, 0.42), (0.635, 0.59)):
        history, classes = random_history("healthy", rng)
        history[-1] |= {"train_acc": train_acc, "val_acc": val_acc, "external_acc": None}
        kinds.append(("healthy", history, classes))
    # A leak that the column has shown from the first row on.
    history, classes = random_history("leak", rng)
    kinds.append(("leak", history, classes))
    # All are asked before one is judged: only so two mistakes that agree on the first are told apart.
    said = [student.regularization.diagnose(history, classes).get("kind") for _, history, classes in kinds]
    for got, (kind, _, _) in zip(said, kinds, strict=True):
        assert_same(got, kind, "the kind")


# ---- p3.generalise: deploy


def random_table(rng, new=2, models=None):
    """Reports of three to six models over five to eight hospitals, and the name of the one to deploy.

    The best on hospitals that were trained on, the best on films drawn at random, the best on a single new
    hospital and the best over all hospitals are other models wherever there are enough of them.
    """
    count = models or int(rng.integers(3, 7))
    hospitals = rng.permutation(list("ABCDEFGHIJKLMNOP"))[: int(rng.integers(3, 6)) + new].tolist()
    known, unknown = hospitals[new:], hospitals[:new]
    names = [
        "-".join(rng.choice(["net", "m", "run", "x"], 2)) + f"-{at}" for at in rng.permutation(90)[:count]
    ]
    level = 0.5 + 0.3 * (rng.permutation(count) + rng.uniform(-0.2, 0.2, count)) / count
    reports = []
    for at, name in enumerate(names):
        trained_on = rng.permutation(known)[: int(rng.integers(1, len(known) + 1))].tolist()
        offsets = rng.uniform(-0.05, 0.05, size=new)
        accuracy = {hospital: float(rng.uniform(0.85, 0.99)) for hospital in trained_on}
        accuracy |= {h: float(rng.uniform(0.1, 0.99)) for h in known if h not in trained_on}
        offsets = offsets - offsets.mean() if new > 1 else 0 * offsets
        accuracy |= {h: float(level[at] + off) for h, off in zip(unknown, offsets, strict=True)}
        reports.append(
            {
                "name": name,
                "trained_on": trained_on,
                "random_val": float(0.99 - 0.3 * level[at] + rng.uniform(-0.02, 0.02)),
                "accuracy": {hospital: accuracy[hospital] for hospital in sorted(accuracy)},
            }
        )
    return reports


@graded("p3.generalise", points=1.0, rung="random", hint="Which hospitals are new to all of them?")
def test_deploy_random(student, reference, rng):
    """Random tables of models; a wrong name cancels a right one, so the first of each earns nothing."""
    pooled = []
    for at in range(30):
        table = random_table(rng, new=int(rng.integers(1, 4)))
        said = {(at, student.regularization.deploy(copy.deepcopy(table)))}
        required = {(at, reference.regularization.deploy(table))}
        pooled.append((said, required, said - required))
    award(closed_share(pooled), "another model should be deployed for some tables")


@graded("p3.generalise", points=1.0, rung="edges", hint="What if every hospital is known to some model?")
def test_deploy_edges(student, reference, rng):
    """One model, ties, no new hospital, everything trained on the same."""
    tied = random_table(rng, new=1, models=4)
    # All that are new, for a hospital that was drawn as known may have been nobody's.
    new = set(tied[0]["accuracy"]) - {hospital for row in tied for hospital in row["trained_on"]}
    for at in (1, 3):
        tied[at]["accuracy"] |= dict.fromkeys(new, 0.96875)
    alike = random_table(rng, new=2, models=5)
    trained_on = sorted({hospital for row in alike for hospital in row["trained_on"]})
    for row in alike:
        row["trained_on"] = list(trained_on)
    nowhere = random_table(rng, new=1, models=3)
    nowhere[1]["trained_on"] = sorted(nowhere[1]["accuracy"])
    cases = [random_table(rng, new=1, models=1), tied, alike, nowhere, random_table(rng, new=4)]
    check_each(cases, lambda subject, case: subject.regularization.deploy(case), student, reference)
