"""Public tests of regularization.py: targets, splits, histories, mixup, calibration."""

import math

import numpy as np

from grader.testing import assert_close, assert_same, beside, check, graded

SHARED = beside(__file__, "shared_public_regularization")

KINDS = {"diverging", "healthy", "leak", "overfit", "underfit"}


def log_softmax(logits):
    """Row by row, in double precision."""
    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


# ---- p3.smoothing


@graded("p3.smoothing", points=0.6, rung="interface")
def test_smoothing_form(student):
    """Targets are rows that sum to 1, the loss and its floor are numbers, possible says True or False."""
    functions = student.regularization
    targets = functions.smooth(np.array([0, 2, 1]), 3, 0.3)
    assert_same(targets.shape, (3, 3), "the shape of the targets")
    assert_close(targets.sum(axis=1), np.ones(3), "the sums of the rows")
    check(float(functions.smoothed_ce(np.zeros((2, 3), np.float32), np.array([0, 1]), 0.3)) > 0, "a loss")
    check(float(functions.floor(3, 0.3)) > 0, "a floor above 0")
    check(isinstance(functions.possible(9.0, 3, 0.3), bool | np.ndarray), "True or False")


@graded("p3.smoothing", points=0.6, rung="figures", hint="Over how many classes is eps spread: K, or K - 1?")
def test_smoothing_targets_of_six_classes(student):
    """With six classes and eps 0.1 a target is 0.91667 for its class and 1/60 for each of the others."""
    got = student.regularization.smooth(np.array([2]), 6, 0.1)
    want = np.full((1, 6), 1 / 60)
    want[0, 2] = 0.9166667
    assert_close(got, want, "the smoothed target of class 2 of 6")


@graded("p3.smoothing", points=0.6, rung="figures", hint="Which distribution fits the targets best?")
def test_smoothing_floors(student):
    """The loss cannot go below 0.42096 with six classes and 0.38967 with five."""
    for classes, want in ((6, 0.42096), (5, 0.38967)):
        got = student.regularization.floor(classes, 0.1)
        check(abs(float(got) - want) <= 1e-5, f"the floor for {classes} classes", f"{got}, not {want}")


@graded("p3.smoothing", points=0.6, rung="figures")
def test_smoothing_reported_losses(student):
    """Of the sheet's training losses 0.35 to 0.24 none is possible, and neither is 0.32; 0.45 is."""
    for loss, want in ((0.35, False), (0.28, False), (0.24, False), (0.32, False), (0.45, True)):
        got = student.regularization.possible(loss, 6, 0.1)
        assert_same(bool(got), want, f"whether a loss of {loss} is possible with six classes")


@graded("p3.smoothing", points=0, rung="random")
def test_smoothing_is_a_mean_of_two_losses(student, rng):
    """The smoothed loss is (1 - eps) times the plain one plus eps times the mean over all classes."""
    for _ in range(5):
        rows, classes, eps = int(rng.integers(2, 9)), int(rng.integers(2, 9)), float(rng.uniform(0.01, 0.9))
        logits = np.float32(rng.normal(size=(rows, classes)))
        y = rng.integers(classes, size=rows)
        logs = log_softmax(logits)
        plain = -logs[np.arange(rows), y].mean()
        got = student.regularization.smoothed_ce(logits, y, eps)
        assert_same(np.shape(got), (), "the shape of the smoothed loss")
        assert_close(float(got), (1 - eps) * plain - eps * logs.mean(), "the smoothed loss")


# ---- p3.splits


@graded("p3.splits", points=0.8, rung="interface")
def test_splits_form(student):
    """Parts are tensors of row numbers, and all rows of a hospital are in one of them."""
    hospitals = np.array([1, 2, 3, 1, 2, 3])
    parts = [SHARED.row_numbers(part) for part in student.regularization.held_out(hospitals, 2, 3)]
    assert_same(sorted(len(part) for part in parts), [2, 2, 2], "the sizes of the parts")
    folds = student.regularization.leave_one_out(hospitals)
    assert_same(len(folds), 3, "the number of folds")
    for _, train, test in folds:
        assert_same(
            (len(SHARED.row_numbers(train)), len(SHARED.row_numbers(test))),
            (4, 2),
            "the sizes of a fold's parts",
        )


@graded("p3.splits", points=1.2, rung="figures")
def test_held_out_of_the_handout(student):
    """The handout's nine films: four to train on, two to validate, three to test."""
    hospitals = np.array([0, 3, 1, 1, 4, 0, 3, 4, 4])
    got = [SHARED.row_numbers(part) for part in student.regularization.held_out(hospitals, 3, 4)]
    assert_same(got, [np.array([0, 2, 3, 5]), np.array([1, 6]), np.array([4, 7, 8])], "the three parts")


@graded("p3.splits", points=1.2, rung="figures")
def test_leave_one_out_of_the_handout(student):
    """The same films in four folds."""
    hospitals = np.array([0, 3, 1, 1, 4, 0, 3, 4, 4])
    folds = student.regularization.leave_one_out(hospitals)
    assert_same([int(number) for number, _, _ in folds], [0, 1, 3, 4], "the hospitals of the folds")
    tests = [np.array(rows) for rows in ([0, 5], [2, 3], [1, 6], [4, 7, 8])]
    assert_same([SHARED.row_numbers(test) for _, _, test in folds], tests, "the test parts")
    trains = [np.setdiff1d(np.arange(9), test) for test in tests]
    assert_same([SHARED.row_numbers(train) for _, train, _ in folds], trains, "the training parts")


@graded("p3.splits", points=0, rung="random")
def test_splits_keep_hospitals_whole(student, rng):
    """On random rows: every row once, and no hospital in two parts."""
    for _ in range(5):
        hospitals = rng.permutation(np.repeat(rng.permutation(50)[:5], rng.integers(1, 9, size=5)))
        val, test = (int(number) for number in rng.permutation(np.unique(hospitals))[:2])
        splits = [student.regularization.held_out(hospitals, val, test)]
        splits += [parts for _, *parts in student.regularization.leave_one_out(hospitals)]
        for split in splits:
            parts = [SHARED.row_numbers(part) for part in split]
            assert_same(np.sort(np.concatenate(parts)), np.arange(len(hospitals)), "all rows of a split")
            seen = [set(hospitals[part].tolist()) for part in parts]
            check(sum(map(len, seen)) == len(set().union(*seen)), "a hospital is in two parts")


# ---- p3.diagnose


def history(*rows):
    """Rows of (epoch, train_loss, train_acc, val_loss, val_acc), without an external hospital."""
    keys = ("epoch", "train_loss", "train_acc", "val_loss", "val_acc")
    return [dict(zip(keys, row, strict=True), external_acc=None) for row in rows]


SHEET_A = history(
    (10, 0.12, 0.96, 0.45, 0.78),
    (20, 0.03, 0.99, 0.62, 0.75),
    (30, 0.01, 1.00, 0.81, 0.72),
)
SHEET_B = history(
    (1, 2.15, 0.32, 2.10, 0.34),
    (5, 0.85, 0.71, 0.92, 0.68),
    (10, 0.31, 0.89, 0.78, 0.73),
    (20, 0.08, 0.97, 1.24, 0.71),
    (30, 0.02, 0.99, 1.89, 0.68),
)


def diagnosed(student, rows, classes, kind, best, gap, chance):
    """Compare all four entries."""
    got = student.regularization.diagnose(rows, classes)
    want = {"kind": kind, "best_epoch": best}
    assert_same({key: got.get(key) for key in want}, want, "kind and best epoch")
    assert_close(got.get("gap"), gap, "the gap")
    assert_close(got.get("chance_loss"), chance, "the chance loss")


@graded("p3.diagnose", points=0.8, rung="interface")
def test_diagnose_form(student):
    """A dict of the four keys, with a kind of the list and a finite, positive chance loss."""
    got = student.regularization.diagnose(SHEET_A, 6)
    assert_same(set(got), {"kind", "best_epoch", "gap", "chance_loss"}, "the keys")
    check(got["kind"] in KINDS, "the kind is not one of KINDS", f"{got['kind']!r}")
    check(0 < float(got["chance_loss"]) < math.inf, "the chance loss is a positive number")


@graded(
    "p3.diagnose", points=0.8, rung="figures", hint="Where does the validation loss have its least value?"
)
def test_diagnose_first_table(student):
    """The films of six findings: overfit, best epoch 10, gap 0.28, chance loss 1.791759."""
    diagnosed(student, SHEET_A, 6, "overfit", 10, 0.28, 1.791759)


@graded(
    "p3.diagnose", points=0.8, rung="figures", hint="Not where the curves part, but where the best row is."
)
def test_diagnose_second_table(student):
    """The films of five findings: overfit, best epoch 10, gap 0.31, chance loss 1.609438."""
    diagnosed(student, SHEET_B, 5, "overfit", 10, 0.31, 1.609438)


@graded("p3.diagnose", points=0.8, rung="figures", hint="Which column would tell?")
def test_diagnose_leak_of_the_handout(student):
    """One more column turns the handout's healthy run of ten findings into a leak."""
    rows = history((1, 1.9, 0.35, 1.8, 0.40), (4, 0.6, 0.82, 0.5, 0.86), (8, 0.3, 0.91, 0.31, 0.92))
    diagnosed(student, rows, 10, "healthy", 8, -0.01, 2.302585)
    known = [row | {"external_acc": accuracy} for row, accuracy in zip(rows, (0.2, 0.4, 0.44), strict=True)]
    diagnosed(student, known, 10, "leak", 8, -0.01, 2.302585)


@graded("p3.diagnose", points=0, rung="random")
def test_diagnose_does_not_look_at_the_numbering(student, rng):
    """Other epoch numbers change the best epoch and nothing else."""
    first = student.regularization.diagnose(SHEET_B, 5)
    for _ in range(3):
        epochs = np.sort(rng.permutation(500)[: len(SHEET_B)]).tolist()
        rows = [row | {"epoch": epoch} for row, epoch in zip(SHEET_B, epochs, strict=True)]
        got = student.regularization.diagnose(rows, 5)
        assert_same(got["best_epoch"], epochs[2], "the best epoch, under another numbering")
        assert_same(got["kind"], first["kind"], "the kind, under another numbering")


# ---- p3.mixup


def one_hot(y, classes):
    """(N, classes)."""
    return np.eye(classes)[y]


@graded("p3.mixup", points=0.5, rung="interface")
def test_mixup_form(student, bench, rng):
    """Images of the same shape, and target rows of positive numbers that sum to 1; something is mixed."""
    x = rng.random((8, 1, 6, 6)).astype(np.float32)
    mixed, targets = student.run(bench.mixed, x, np.arange(8) % 3, 1.0, 3, 0)
    assert_same((mixed.shape, targets.shape), ((8, 1, 6, 6), (8, 3)), "the shapes")
    assert_close(targets.sum(axis=1), np.ones(8), "the sums of the target rows")
    check(float(targets.min()) >= -1e-6, "a target is negative")
    check(float(np.abs(mixed - x).max()) > 1e-3, "nothing is mixed")


@graded("p3.mixup", points=0.5, rung="figures")
def test_mixup_without_mixing(student, bench):
    """With alpha 0 images and classes stay; with 1 they do not."""
    x = np.array([[0.25, 0.5], [0.75, 1.0]], np.float32)
    mixed, targets = student.run(bench.mixed, x, np.array([2, 0]), 0.0, 3, 5)
    assert_same(mixed, x, "the images at alpha 0")
    assert_close(targets, np.array([[0.0, 0, 1], [1, 0, 0]]), "the targets at alpha 0")
    other = [student.run(bench.mixed, x, np.array([2, 0]), 1.0, 3, seed)[0] for seed in range(8)]
    check(any(np.abs(mixed - x).max() > 1e-3 for mixed in other), "nothing is mixed at alpha 1")


@graded("p3.mixup", points=1.0, rung="figures", hint="The images are unit vectors: read the shares off them.")
def test_mixup_shares_of_images_and_targets(student, bench):
    """Four unit vectors of four classes: the mixed images are the targets."""
    x = np.eye(4, dtype=np.float32)
    changed = 0
    for seed in range(8):
        mixed, targets = student.run(bench.mixed, x, np.arange(4), 1.0, 4, seed)
        assert_close(targets, mixed, "the targets, beside images that are their own targets")
        changed += float(np.abs(mixed - x).max()) > 1e-3
    check(changed >= 4, "hardly anything is mixed")


@graded("p3.mixup", points=0, rung="random")
def test_mixup_keeps_the_sum(student, bench, rng):
    """A permutation mixes nothing away: the mean image and the mean target of one lam stay, or rows do."""
    for seed in rng.integers(2**31, size=5).tolist():
        x = rng.random((10, 5)).astype(np.float32)
        mixed, _ = student.run(bench.mixed, x, np.zeros(10, np.int64), 2.0, 2, seed)
        low, high = x.min(axis=0), x.max(axis=0)
        inside = (mixed >= low - 1e-5) & (mixed <= high + 1e-5)
        check(bool(inside.all()), "a mixed image lies outside the images it was mixed from")


# ---- p3.calibration


@graded("p3.calibration", points=0.6, rung="interface")
def test_calibration_form(student):
    """A dict from group to share, and a number between 0 and 1."""
    logits = np.array([[2.0, 1.0], [0.0, 3.0]], np.float32)
    got = student.regularization.accuracy_by(logits, np.array([0, 1]), np.array([4, 9]))
    assert_same(set(got), {4, 9}, "the groups")
    error = float(student.regularization.ece(np.array([[0.8, 0.2]], np.float32), np.array([0])))
    check(0 < error < 1, "an error between 0 and 1")


# The handout's six films: the network's probabilities, the finding, the hospital.
PROBABILITIES = np.array(
    [
        [0.70, 0.20, 0.10],
        [0.05, 0.90, 0.05],
        [0.04, 0.06, 0.90],
        [0.55, 0.25, 0.20],
        [0.02, 0.02, 0.96],
        [0.15, 0.70, 0.15],
    ],
    np.float32,
)
FINDINGS = np.array([0, 1, 1, 0, 2, 2])
PLACES = np.array([0, 0, 4, 4, 4, 4])


@graded("p3.calibration", points=0.9, rung="figures")
def test_accuracy_of_the_handout(student):
    """By class 1, 1/2, 1/2; by hospital 1 in A and 1/2 in E."""
    logits = np.log(PROBABILITIES)
    got = student.regularization.accuracy_by(logits, FINDINGS, FINDINGS)
    assert_close(got, {0: 1.0, 1: 0.5, 2: 0.5}, "the accuracy by class")
    got = student.regularization.accuracy_by(logits, FINDINGS, PLACES)
    assert_close(got, {0: 1.0, 4: 0.5}, "the accuracy by hospital")


@graded("p3.calibration", points=0.9, rung="figures", hint="One gap a bin, then the weighted sum.")
def test_ece_of_the_handout(student):
    """0.281667 with 15 bins, 0.118333 with a single one."""
    got = student.regularization.ece(PROBABILITIES, FINDINGS)
    assert_close(got, 0.2816667, "the expected calibration error with 15 bins")
    got = student.regularization.ece(PROBABILITIES, FINDINGS, 1)
    assert_close(got, 0.1183333, "the expected calibration error with one bin")


@graded("p3.calibration", points=0, rung="random")
def test_ece_of_a_sure_network(student, rng):
    """A network that is always sure, and right in a share of the cases, errs by the rest."""
    for _ in range(3):
        classes, labels = int(rng.integers(2, 6)), rng.integers(2, size=20)
        probabilities = one_hot(np.zeros(20, np.int64), classes).astype(np.float32)
        got = student.regularization.ece(probabilities, labels)
        assert_close(got, float(labels.mean()), "the calibration error of a sure network", scale=1.0)
