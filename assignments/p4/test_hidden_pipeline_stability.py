"""Hidden tests of p4.stability: the measured truth, and what can be reckoned with."""

import numpy as np

from grader.testing import award, check_each, closed_share, graded

# Measured by reference/p4/measure_stability.py on ten seeds or more: mean of the last 20 losses, mean [least,
# largest], and the range of the highest loss.
STABILITY = {
    "moderate_rate": "trains",  # 0.183 [0.088, 0.467], highest 2.4 to 2.8
    "moderate_rate_zero_init": "lags",  # 1.102 [0.979, 1.178], highest 2.3 to 2.4
    "high_rate": "blows_up",  # 2.087 [1.528, 2.311], highest 13.2 to 31.5
    "high_rate_zero_init": "trains",  # 0.098 [0.024, 0.588], highest 2.9 to 3.7
    "high_rate_clipped": "trains",  # 0.089 [0.028, 0.190], highest 2.6 to 2.9
    "zero_init_without_shortcuts": "dead",  # 2.304 [2.304, 2.306], highest 2.3
}
IMAGES, ACCURACY = np.array([13, 128, 1281]), np.array([0.254, 0.564, 0.765])


@graded("p4.stability", points=2.6, rung="closed")
def test_stability_measured(student):
    """What each of the six configurations comes to."""
    said = set(student.pipeline.STABILITY.items())
    right = set(STABILITY.items())
    award(
        closed_share(said, right, said - right),
        "some outcomes are missing or wrong; a wrong one cancels a right one",
    )


def questions(images, near=0.02):
    """Of so many images a class: accuracies below and above what can be reckoned with."""
    here = float(np.interp(np.log(images), np.log(IMAGES), ACCURACY))
    return [(int(images), round(here + step, 4)) for step in (near, -near, 3 * near, -3 * near)]


def ask_all(student, reference, cases):
    """Each case has as many answers of one kind as of the other: no constant agrees with any."""
    check_each(
        cases,
        lambda subject, case: [subject.pipeline.attainable(images, top1) for images, top1 in case],
        student,
        reference,
        exact=True,
    )


@graded("p4.stability", points=0.5, rung="random", hint="Halfway between 13 and 128 in the logarithm is 41.")
def test_attainable_random(student, reference, rng):
    """Random numbers of images a class, with accuracies just below and just above the line."""
    few, many = (np.exp(rng.uniform(*np.log(ends), size=12)) for ends in ((14, 70), (250, 1270)))
    # Both in one case: no limit that is the same for all agrees, and none that is a row's.
    asked = [
        [*questions(round(less)), (round(less), 0.66), *questions(round(more)), (round(more), 0.3)]
        for less, more in zip(few, many, strict=True)
    ]
    # In no order that could be answered without a look at the question.
    cases = [[case[at] for at in rng.permutation(len(case))] for case in asked]
    ask_all(student, reference, cases)


@graded("p4.stability", points=0.3, rung="edges", hint="What is promised beyond the last row?")
def test_attainable_edges(student, reference):
    """The rows themselves, the course's hundred images a class, and more images than ImageNet has."""
    cases = [questions(images, 0.005) for images in (13, 100, 128, 1281, 1500, 10_000, 10**6)]
    # The figures themselves, and what is a little above; rounding can decide at the ends of the line only.
    rows = [*zip(IMAGES.tolist(), ACCURACY.tolist(), strict=True), (5000, float(ACCURACY[-1]))]
    cases += [[(images, top1), (images, top1 + 0.002)] for images, top1 in rows]
    # Far from the line, where one wrong line is told from another.
    ask_all(student, reference, [*cases, [(100, top1) for top1 in (0.3, 0.45, 0.5, 0.55, 0.6, 0.7)]])
