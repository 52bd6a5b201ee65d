"""Hidden tests of resnet.py, on paper: the other table, random sizes, the edges."""

import numpy as np
import pytest

from grader.testing import assert_same, check_each, graded

# ---- p2.count ----------------------------------------------------------------------------------------------


def count(subject, case):
    """Ask for the parameters of one network."""
    return subject.resnet.count_parameters(*case)


@graded("p2.count", points=2.0, rung="figures", hint="What happens to a BatchNorm when the width doubles?")
def test_count_base_32(student):
    """Width 32: where the colleague's table is wrong."""
    got = student.resnet.count_parameters(width=32, blocks_per_stage=3, num_classes=10)
    want = {
        "stem": 928,
        "stage1": 55_680,
        "stage2": 205_696,
        "stage3": 820_992,
        "head": 1_290,
        "total": 1_084_586,
    }
    assert_same(got, want, "width 32, three blocks a stage, ten classes")


@graded("p2.count", points=4.8, rung="random", hint="Which terms grow with the width, which with its square?")
def test_count_random(student, reference, rng):
    """Random widths, depths and numbers of classes."""
    cases = [
        [int(rng.integers(5, 49)), int(rng.integers(2, 10)), int(rng.integers(11, 1000))] for _ in range(30)
    ]
    check_each(cases, count, student, reference)


@graded("p2.count", points=2.4, rung="edges", hint="No step for each block, and no model, is needed.")
@pytest.mark.timeout(10)
def test_count_edges(student, reference, rng):
    """Very wide and very deep networks at once; ones everywhere; no channels, blocks or classes."""
    huge = int(rng.integers(10**9, 2 * 10**9))
    cases = [
        [10_000, int(rng.integers(1, 9)), 10],
        [7, huge, 10],
        [10_000 + int(rng.integers(10_000)), 10**6, 10**6],
        [1, 1, 1],
        [3, 1, 1],
        [0, 3, 10],
        [16, 0, 10],
        [16, 3, 0],
        [-2, 3, 10],
    ]
    check_each(cases, count, student, reference)


# ---- p2.shortcuts ------------------------------------------------------------------------------------------


def plan(subject, case):
    """Ask for the shortcuts of one network."""
    return subject.resnet.shortcuts(**case)


@graded("p2.shortcuts", points=2.0, rung="random", hint="Two things can change in a block. Look for each.")
def test_shortcuts_random(student, reference, rng):
    """Random widths, rising, falling and equal ones, on images of random size."""
    cases = []
    for _ in range(24):
        stages = int(rng.integers(3, 6))
        cases.append(
            {
                "widths": rng.integers(2, 7, size=stages).tolist(),
                "blocks_per_stage": int(rng.integers(2, 5)),
                "image_size": int(rng.integers(33, 225)),
            }
        )
    check_each(cases, plan, student, reference)


@graded("p2.shortcuts", points=1.0, rung="edges")
def test_shortcuts_edges(student, reference, rng):
    """Channels that stay where the stride is 2, odd sizes, one stage, one block a stage, a single pixel."""
    width = int(rng.integers(9, 90))
    odd = 2 * int(rng.integers(10, 60)) + 1
    cases = [
        {"widths": [16, 16, 64], "blocks_per_stage": 2, "image_size": 32},
        {"widths": [width, width, width], "blocks_per_stage": 1, "image_size": odd},
        {"widths": [width], "blocks_per_stage": 3, "image_size": odd},
        {"widths": [4 * width, 2 * width, width], "blocks_per_stage": 1, "image_size": odd},
        {"widths": [width, width + 1, width + 3], "blocks_per_stage": 2, "image_size": 1},
        # The stride of a later stage's first block leaves one pixel one pixel.
        {"widths": [width, width, width], "blocks_per_stage": 2, "image_size": 1},
        {"widths": [width, width + 2, width + 2, width + 2], "blocks_per_stage": 1, "image_size": 4},
        {"widths": [width, 2 * width], "blocks_per_stage": 1},
    ]
    check_each(cases, plan, student, reference)


# ---- p2.design ---------------------------------------------------------------------------------------------

WIDTHS, BLOCKS = range(4, 257), range(1, 19)
TYPED_IN = [(16, 3), (32, 3), (58, 1), (15, 12), (4, 1), (9, 9), (11, 6), (30, 1)]


def all_totals(classes, widths=WIDTHS, blocks=BLOCKS):
    """Parameters (253, 18) of every network within the bounds, or of these widths by these depths."""
    w, n = np.array(widths)[:, None], np.array(blocks)[None, :]
    # Stem, three stages (the second and third with a wider first block and its projection), head.
    stages = (18 * w**2 + 4 * w) * n + sum(
        (18 * c**2 + 4 * c) * (n - 1) + 9 * c * c // 2 + 9 * c**2 + 4 * c + c * c // 2 + 2 * c
        for c in (2 * w, 4 * w)
    )
    return 29 * w + stages + (4 * w + 1) * classes


def fits(got, totals, case):
    """Whether an answer is right by these totals."""
    off = np.abs(totals - case["target"])
    if got is None:
        return bool(off.min() > case["tolerance"])
    width, blocks = int(got[0]), int(got[1])
    if width not in WIDTHS or blocks not in BLOCKS:
        return False
    return bool(off[width - 4, blocks - 1] <= case["tolerance"])


def judged(student, bench, classes):
    """A call that tells whether a design fits: by the truth, or by the student's own count if near it.

    That count is asked here, for these numbers of classes, and kept: a count that knew what design was asked
    could be made to fit anything.
    """
    own = dict(zip(classes, student.run(bench.totals, list(classes)), strict=False))

    def call(subject, case):
        got = subject.resnet.design(**case)
        number = case.get("num_classes", 10)
        truth = all_totals(number)
        if fits(got, truth, case) or number not in own:
            return fits(got, truth, case)
        # A slip in p2.count is not charged twice; a count that is no count of parameters excuses nothing.
        counted = np.array(own[number])
        grows = (np.diff(counted, axis=0) > 0).all() and (np.diff(counted, axis=1) >= 0).all()
        return bool(grows and 0.25 < np.median(counted / truth) < 4) and fits(got, counted, case)

    return call


def solvable(rng, classes):
    """A target near some network's size which no pair of the handout meets."""
    truth = all_totals(classes)
    while True:
        width, blocks = int(rng.integers(6, 257)), int(rng.integers(1, 19))
        total = int(truth[width - 4, blocks - 1])
        tolerance = int(total * float(rng.choice([0, 0.0005, 0.005])))
        target = total + int(rng.integers(-tolerance, tolerance + 1))
        case = {"target": target, "tolerance": tolerance, "num_classes": classes}
        if not any(fits(pair, truth, case) for pair in TYPED_IN):
            return case


def between(rng, classes):
    """A target in the middle of a gap between two sizes, and how far off they are."""
    sizes = np.unique(all_totals(classes))
    sizes = sizes[sizes < 3_000_000]
    gaps = np.diff(sizes)
    at = int(rng.choice(np.flatnonzero(gaps > 200)))
    return int(sizes[at] + gaps[at] // 2), int(gaps[at] // 2)


def outside(rng, classes):
    """Sizes of networks one step beyond each bound which no network within the bounds has."""
    inside = all_totals(classes)
    beyond = [(3, blocks) for blocks in BLOCKS] + [(257, blocks) for blocks in BLOCKS]
    beyond += [(int(width), 19) for width in WIDTHS]
    sizes = {pair: int(all_totals(classes, [pair[0]], [pair[1]])[0, 0]) for pair in beyond}
    none = [pair for pair, size in sizes.items() if size not in inside]
    sides = [
        [pair for pair in none if pair[0] == 3],
        [pair for pair in none if pair[0] == 257],
        [pair for pair in none if pair[1] == 19],
    ]
    return [sizes[side[int(rng.integers(len(side)))]] for side in sides]


@graded("p2.design", points=2.0, rung="random", hint="Are both bounds tried to their ends?")
@pytest.mark.timeout(40)
def test_design_random(student, reference, bench, rng):
    """Targets which some network meets, with large and small tolerances and other numbers of classes."""
    classes = [int(number) for number in rng.choice(np.arange(2, 200), size=4, replace=False)]
    cases = [solvable(rng, number) for number in classes * 4]
    check_each(cases, judged(student, bench, classes), student, reference)


@graded("p2.design", points=1.0, rung="edges", hint="When is None right?")
@pytest.mark.timeout(40)
def test_design_edges(student, reference, bench, rng):
    """Targets at the corners of the bounds, in gaps, out of reach; tolerances that just suffice."""
    truth = all_totals(10)
    cases = [{"target": int(truth[row, column]), "tolerance": 0} for row in (0, -1) for column in (0, -1)]
    for _ in range(4):
        middle, away = between(rng, 10)
        cases += [
            {"target": middle, "tolerance": away},
            {"target": middle, "tolerance": away - 1},
        ]
    largest = int(truth.max())
    cases += [
        {"target": largest + 5_000, "tolerance": 4_999},
        {"target": largest + 5_000, "tolerance": 5_000},
        {"target": 10, "tolerance": 100},
        *({"target": size, "tolerance": 0} for size in outside(rng, 10)),
    ]
    check_each(cases, judged(student, bench, [10]), student, reference)
