"""Hidden tests of regularization.py: targets, splits, mixup, calibration."""

import math

import numpy as np

from grader.testing import assert_close, assert_same, beside, check, check_each, graded

SHARED = beside(__file__, "shared_public_regularization")

# ---- p3.smoothing


def smoothing_case(rng, spread=3.0):
    """Logits, classes and a share."""
    rows, classes = int(rng.integers(1, 12)), int(rng.integers(2, 20))
    return {
        "logits": (spread * rng.normal(size=(rows, classes))).astype(np.float32),
        "y": rng.integers(classes, size=rows),
        "eps": float(rng.uniform(0.02, 0.6)),
    }


@graded("p3.smoothing", points=0.8, rung="random", hint="Over how many classes is eps spread: K, or K - 1?")
def test_smooth_random(student, reference, rng):
    """Targets for random classes and shares."""
    cases = [smoothing_case(rng) for _ in range(20)]
    check_each(
        cases,
        lambda subject, case: subject.regularization.smooth(case["y"], case["logits"].shape[1], case["eps"]),
        student,
        reference,
    )


@graded("p3.smoothing", points=0.8, rung="random", hint="The mean over rows, the sum over classes.")
def test_smoothed_ce_random(student, reference, rng):
    """The smoothed loss of random logits."""
    cases = [smoothing_case(rng) for _ in range(20)]
    check_each(cases, lambda subject, case: subject.regularization.smoothed_ce(**case), student, reference)


@graded("p3.smoothing", points=0.8, rung="random", hint="The entropy of a target row.")
def test_floor_and_possible_random(student, reference, rng):
    """Floors of random K and eps, and losses on both sides of them."""
    settings = [(int(rng.integers(2, 2000)), float(rng.uniform(0.01, 0.8))) for _ in range(20)]
    check_each(settings, lambda subject, case: subject.regularization.floor(*case), student, reference)
    for classes, eps in settings:
        wrong, right = eps / classes, 1 - eps + eps / classes
        least = -right * math.log(right) - (classes - 1) * wrong * math.log(wrong)
        for loss, want in ((least * 0.97, False), (least * 1.03, True)):
            got = student.regularization.possible(loss, classes, eps)
            assert_same(bool(got), want, "whether a loss near the floor is possible")


@graded("p3.smoothing", points=1.2, rung="edges", hint="What is 0 * ln 0 here? What is exp(10000)?")
def test_smoothing_edges(student, reference, rng):
    """No smoothing, nothing but smoothing, one row, two classes, huge logits, a loss at the floor, NaN."""
    cases = [smoothing_case(rng) | {"eps": eps} for eps in (0.0, 1.0, 0.0)]
    cases.append(smoothing_case(rng, spread=1e4))
    cases.append({"logits": np.array([[2.0, -1.0]], np.float32), "y": np.array([1]), "eps": 0.25})

    def asked(subject, case):
        functions, classes = subject.regularization, case["logits"].shape[1]
        targets = functions.smooth(case["y"], classes, case["eps"])
        return [targets, functions.smoothed_ce(**case), functions.floor(classes, case["eps"])]

    check_each(cases, asked, student, reference, scale=1.0)
    functions = student.regularization
    classes = int(rng.integers(3, 30))
    assert_same(bool(functions.possible(0.0, classes, 0.0)), True, "whether 0 is possible without smoothing")
    assert_same(bool(functions.possible(math.nan, classes, 0.1)), False, "whether NaN is possible")
    eps = float(rng.uniform(0.05, 0.5))
    wrong, right = eps / classes, 1 - eps + eps / classes
    least = -right * math.log(right) - (classes - 1) * wrong * math.log(wrong)
    for loss, want in ((least, True), (least - 4e-7, True), (least - 2e-6, False)):
        got = student.regularization.possible(loss, classes, eps)
        assert_same(bool(got), want, "whether a loss a millionth from the floor is possible")


# ---- p3.splits


def places(rng, number):
    """Hospitals of 10 to 60 rows, numbered at random."""
    names = rng.permutation(1000)[:number] - int(rng.integers(500))
    rows = np.concatenate([names, rng.choice(names, size=int(rng.integers(10, 50)))])
    return rng.permutation(rows).astype(np.int64)


def split(subject, case):
    """The parts of held_out, rows in order."""
    hospitals, val, test = case
    return [SHARED.row_numbers(part) for part in subject.regularization.held_out(hospitals, val, test)]


def folds(subject, case):
    """The folds of leave_one_out, rows in order."""
    return [
        [int(number), SHARED.row_numbers(train), SHARED.row_numbers(test)]
        for number, train, test in subject.regularization.leave_one_out(case)
    ]


@graded("p3.splits", points=1.6, rung="random", hint="Choose hospitals, not rows.")
def test_held_out_random(student, reference, rng):
    """Random hospitals held out."""
    cases = []
    for _ in range(20):
        hospitals = places(rng, int(rng.integers(3, 9)))
        val, test = rng.permutation(np.unique(hospitals))[:2].tolist()
        cases.append([hospitals, val, test])
    check_each(cases, split, student, reference)


@graded("p3.splits", points=1.6, rung="random", hint="Is every hospital's fold there, in ascending order?")
def test_leave_one_out_random(student, reference, rng):
    """Random hospitals, each left out once."""
    cases = [places(rng, int(rng.integers(2, 9))) for _ in range(20)]
    check_each(cases, folds, student, reference)


@graded("p3.splits", points=1.6, rung="edges", hint="Which requests cannot be met?")
def test_splits_edges(student, reference, rng):
    """One hospital for two parts, one without rows, nothing left to train on, a single hospital, no row."""
    hospitals = places(rng, 4)
    names = np.unique(hospitals).tolist()
    absent = int(max(names)) + 7
    two = np.where(hospitals == names[0], names[0], names[1])
    single = np.full(5, names[2])
    cases = [
        [hospitals, names[0], names[3]],
        [hospitals, names[1], names[1]],
        [hospitals, absent, names[1]],
        [hospitals, names[1], absent],
        [two, names[0], names[1]],
        [np.array([names[0], names[1], names[2]]), names[2], names[0]],
    ]
    check_each(cases, split, student, reference)
    left_out = [two, single, single[:1], single[:0], np.array([names[3], names[0]])]
    check_each(left_out, folds, student, reference)


# ---- p3.mixup


def shares(student, bench, rng, shape, alpha, classes, seeds=1):
    """Mix unit vectors, laid out in this shape; check the targets; return the shares (S, N, N)."""
    count = math.prod(shape)
    x = np.eye(count, dtype=np.float32).reshape(count, *shape)
    y = rng.integers(classes, size=count)
    chosen = rng.integers(2**31, size=seeds).tolist()
    mixed, targets = student.run(bench.mixed_often, x, y, alpha, classes, chosen)
    assert_same(mixed.shape, (seeds, *x.shape), "the shape of the images")
    assert_same(targets.shape, (seeds, count, classes), "the shape of the targets")
    weights = mixed.reshape(seeds, count, count)
    check(bool((weights >= -1e-6).all()), "an image has a negative share")
    assert_close(weights.sum(axis=2), np.ones((seeds, count)), "the sums of the shares of images")
    check(int((weights > 1e-6).sum(axis=2).max()) <= 2, "more than two images are mixed into one")
    assert_close(
        targets, weights @ np.eye(classes)[y], "the targets, beside the shares of the images", scale=1.0
    )
    return weights


@graded("p3.mixup", points=1.2, rung="random", hint="Are the shares of images and targets the same numbers?")
def test_mixup_random(student, bench, rng):
    """Shares read off unit vectors: two images a row, targets with the same shares, partners that change."""
    for shape, alpha, classes in (((12,), 1.0, 4), ((1, 3, 5), 2.0, 7), ((1, 4, 4), 0.7, 3)):
        weights = shares(student, bench, rng, shape, alpha, classes, seeds=6)
        mixed = (weights > 1e-6).sum(axis=2) == 2
        check(float(mixed.mean()) > 0.5, "most rows are left as they are")
        rows = np.arange(weights.shape[1])
        own = np.maximum(weights[:, rows, rows], 0)
        check(bool((own.min(axis=1) >= 0).all()) and float(own.max()) > 0, "no row keeps a share of itself")
        partners = (weights > 1e-6) & ~np.eye(len(rows), dtype=bool)
        check(int(partners.sum(axis=1).max()) <= 1, "two rows have the same partner: p is no permutation")
        others = (partners != partners[:1]).any(axis=(1, 2))
        check(bool(others.any()), "the partners are the same with every generator")
        check(not np.allclose(weights[0], weights[1]), "another generator mixes in the same way")


@graded("p3.mixup", points=0.8, rung="random", hint="Which distribution does lam come from?")
def test_mixup_follows_alpha(student, bench, rng):
    """Over 300 batches the shares spread as Beta(alpha, alpha) does."""
    for alpha, tolerance in ((0.4, 0.15), (4.0, 0.06)):
        weights = shares(student, bench, rng, (7,), alpha, 3, seeds=300)
        check(bool(((weights > 1e-6).sum(axis=2) == 2).any()), "nothing is mixed")
        largest = np.where((weights > 1e-6).sum(axis=2) == 2, weights.max(axis=2), np.nan)
        spread = float(np.nanmean((2 * largest - 1) ** 2))
        check(abs(spread - 1 / (2 * alpha + 1)) <= tolerance, "lam is not drawn from Beta(alpha, alpha)")


@graded("p3.mixup", points=1.0, rung="edges", hint="What if alpha is 0? Is the batch changed?")
def test_mixup_edges(student, bench, rng):
    """Alpha 0, a batch of one, other global seeds, arguments left alone."""
    x = rng.normal(size=(9, 1, 5, 4)).astype(np.float32)
    y = rng.integers(10, size=9)
    seed, one, other = rng.integers(2**31, size=3).tolist()
    kept, targets, _, _ = student.run(bench.mixed_under, x, y, 0.0, seed, one)
    assert_same(kept, x, "the images at alpha 0")
    assert_close(targets, np.eye(10)[y], "the targets at alpha 0")
    kept, targets, _, _ = student.run(bench.mixed_under, x[:1], y[:1], 1.0, seed, one)
    assert_close(kept, x[:1], "a batch of one")
    assert_close(targets, np.eye(10)[y[:1]], "the target of a batch of one")
    first = student.run(bench.mixed_under, x, y, 1.0, seed, one)
    again = student.run(bench.mixed_under, x, y, 1.0, seed, other)
    check(float(np.abs(first[0] - x).max()) > 1e-3, "nothing is mixed")
    assert_same(again[:2], first[:2], "the same generator, after other random numbers elsewhere")
    assert_same(first[2:], (x, y), "the arguments, after the call")


# ---- p3.calibration


def probabilities(rng, rows, classes, bins, sharpness=2.0):
    """Rows of probabilities whose largest is not tied, and not at the edge of a bin."""
    kept = []
    while len(kept) < rows:
        logits = sharpness * rng.normal(size=classes)
        row = np.exp(logits - logits.max())
        row = (row / row.sum()).astype(np.float32)
        place = float(row.max()) * bins
        if abs(place - round(place)) > 1e-3 and np.ptp(np.sort(row)[-2:]) > 1e-3:
            kept.append(row)
    return np.stack(kept)


@graded("p3.calibration", points=1.2, rung="random", hint="Which rows belong to a group?")
def test_accuracy_by_random(student, reference, rng):
    """Accuracy within random groups."""
    cases = []
    for _ in range(20):
        rows, classes = int(rng.integers(5, 60)), int(rng.integers(2, 8))
        logits = rng.normal(size=(rows, classes)).astype(np.float32)
        labels = np.where(rng.random(rows) < 0.5, logits.argmax(axis=1), rng.integers(classes, size=rows))
        groups = rng.permutation(100)[:5][rng.integers(5, size=rows)]
        cases.append([logits, labels, groups if rng.random() < 0.7 else labels])
    check_each(
        cases,
        lambda subject, case: {
            int(group): share for group, share in subject.regularization.accuracy_by(*case).items()
        },
        student,
        reference,
    )


@graded(
    "p3.calibration", points=1.2, rung="random", hint="One gap a bin, weighted with its share of the rows."
)
def test_ece_random(student, reference, rng):
    """Random probabilities, 15 bins and others."""
    cases = []
    for bins in [None] * 12 + [1, 4, 7, 10, 30, 100, 2, 50]:
        rows, classes = int(rng.integers(20, 200)), int(rng.integers(2, 9))
        probs = probabilities(rng, rows, classes, bins or 15)
        labels = np.where(rng.random(rows) < 0.6, probs.argmax(axis=1), rng.integers(classes, size=rows))
        cases.append([probs, labels] if bins is None else [probs, labels, bins])
    check_each(cases, lambda subject, case: subject.regularization.ece(*case), student, reference)


@graded("p3.calibration", points=1.2, rung="edges", hint="To which bin does its upper end belong?")
def test_calibration_edges(student, reference, rng):
    """Certainty, the ends of bins, one row, one group, a class without rows, no rows."""
    sure = np.eye(4, dtype=np.float32)[rng.integers(4, size=30)]
    unsure = probabilities(rng, 30, 4, 15)
    labels = rng.integers(4, size=30)
    cases = [[sure, labels], [np.concatenate([sure, unsure]), np.tile(labels, 2)], [unsure[:1], labels[:1]]]
    check_each(cases, lambda subject, case: subject.regularization.ece(*case), student, reference, scale=1.0)
    ends = np.array([[0.5, 0.3, 0.2], [0.6, 0.2, 0.2], [0.75, 0.125, 0.125]], np.float32)
    # (1/4, 1/2] holds the first, which is right, (1/2, 3/4] the others, of which one is: (0.5 + 0.35) / 3.
    got = student.regularization.ece(ends, np.array([0, 1, 0]), 4)
    assert_close(got, 0.85 / 3, "confidences at the ends of bins")
    few = [
        [unsure, labels, np.zeros(30, np.int64) - 4],
        [unsure, np.full(30, 2), np.full(30, 2)],
        [unsure[:0], labels[:0], labels[:0]],
        [unsure[:1], unsure[:1].argmax(axis=1), np.array([5000])],
    ]
    check_each(
        few,
        lambda subject, case: {
            int(group): share for group, share in subject.regularization.accuracy_by(*case).items()
        },
        student,
        reference,
    )
