"""Hidden tests of p1's matrix questions: dead units, and the backward pass for a batch with its cost."""

import numpy as np
import pytest

from grader.testing import check, check_each, graded

# ---- p1.dead_units


def layers(rng, samples=6, d_in=3, d1=6, silent=0):
    """Two layers and a batch whose second layer has alive, dead, barely alive and silent units, shuffled.

    Silent ones have a pre-activation of exactly 0: only the edges ask for them, so that whoever takes them
    for alive does not lose the other cases too.
    """
    while True:
        x, w1 = rng.normal(size=(samples, d_in)), rng.normal(size=(d1, d_in))
        hidden = np.maximum(x @ w1.T, 0)
        tries = rng.normal(size=(400, d1))
        active = (hidden @ tries.T > 1e-3).sum(axis=0)
        clear = np.abs(hidden @ tries.T).min(axis=0) > 1e-6
        alive, once = tries[clear & (active > 1)][:3], tries[clear & (active == 1)][:2]
        if hidden.any(axis=1).all() and len(alive) == 3 and len(once) == 2:
            break
    dead = -np.abs(rng.normal(size=(3, d1))) - 0.1
    w2 = np.concatenate([alive, once, dead, np.zeros((silent, d1))])
    return {"w1": w1, "w2": w2[rng.permutation(len(w2))], "x": x}


@graded("p1.dead_units", points=2.4, rung="random", hint="One active sample is enough to keep a unit alive.")
def test_dead_units_random(student, reference, rng):
    """Units that are alive, alive on one sample only, and dead."""
    cases = [layers(rng, samples=int(rng.integers(4, 8))) for _ in range(12)]
    check_each(cases, lambda subject, case: subject.gradient_flow.dead_units(**case), student, reference)


@graded("p1.dead_units", points=1.2, rung="edges")
def test_dead_units_edges(student, reference, rng):
    """A silent first layer, a single sample, no sample at all."""
    usual = layers(rng, silent=1)
    silent = {**usual, "w1": -np.abs(usual["w1"]), "x": np.abs(usual["x"])}
    single = {**usual, "x": usual["x"][:1]}
    empty = {**usual, "x": usual["x"][:0]}
    check_each(
        [usual, silent, single, empty],
        lambda subject, case: subject.gradient_flow.dead_units(**case),
        student,
        reference,
    )


# ---- p1.batch


def random_batch(rng, slope, samples=None, units=None):
    """Matrices of random sizes; every pre-activation is further than 1e-4 from the kink."""
    while True:
        d_in, d1, d2, d_out = [units] * 4 if units else (int(size) for size in rng.integers(2, 6, size=4))
        count = samples or int(rng.integers(2, 7))
        w1, w2, w3 = (rng.normal(size=size) for size in ((d1, d_in), (d2, d1), (d_out, d2)))
        x, target = rng.normal(size=(count, d_in)), rng.normal(size=(count, d_out))
        z1 = x @ w1.T
        z2 = np.where(z1 > 0, z1, slope * z1) @ w2.T
        active = (z1 > 0).any() and (z2 > 0).any()
        dead = (z1 < 0).any() and (z2 < 0).any()
        if active and dead and min(np.abs(z1).min(), np.abs(z2).min()) > 1e-4:
            break
    return {"x": x, "w1": w1, "w2": w2, "w3": w3, "target": target, "negative_slope": slope}


def near_the_kink(rng, slope):
    """The same with a unit per layer at pre-activations of 1e-9, one at exactly 0, and a sample of zeros."""
    case = random_batch(rng, slope, samples=6)
    case["w1"][0] *= 1e-9
    case["w2"][0] *= 1e-9
    case["w1"][-1] = 0.0
    case["w2"][-1] = 0.0
    case["x"][-1] = 0.0
    return case


def ask_batch(subject, case):
    return subject.gradient_flow.backward_batch(**case)


@graded("p1.batch", points=7.2, rung="random", hint="Compare with your scalar version for N = 1.")
@pytest.mark.timeout(10)
def test_batch_random(student, reference, rng):
    """Random batches and slopes, in float64."""
    slopes = [0.0, 0.01, 0.2, 1.0] * 5
    cases = [random_batch(rng, slope) for slope in slopes]
    # Whoever tries every weight in turn, and derives nothing, has 60,000 to try here.
    cases.append(random_batch(rng, 0.1, samples=30, units=140))
    check_each(cases, ask_batch, student, reference, precision="float64")


@graded("p1.batch", points=1.8, rung="edges", hint="Derive, do not approximate; mind s'(0).")
def test_batch_kinks(student, reference, rng):
    """Pre-activations of 1e-9 and of exactly 0, and a batch of one sample."""
    cases = [near_the_kink(rng, slope) for slope in (0.0, 0.01, 1.0) * 3]
    cases += [random_batch(rng, slope, samples=1) for slope in (0.0, 0.01)]
    check_each(cases, ask_batch, student, reference, precision="float64")


# Of computing: twenty times what matrix operations take, and a quarter of what a loop over the samples takes.
MANY_SAMPLES, SECONDS = 300_000, 2.0


@graded("p1.batch", points=1.2, rung="edges", hint="A matrix product can sum over the samples.")
@pytest.mark.timeout(20)
def test_batch_cost(student, reference, bench, rng):
    """The work in Python and the number of tensor operations do not grow with the batch."""
    small, large = (random_batch(rng, 0.1, samples=size) for size in (6, 6))
    sizes = (6, 102)
    weights = {name: small[name] for name in ("w1", "w2", "w3")}
    batches = [
        {
            "x": rng.normal(size=(size, small["x"].shape[1])),
            "target": rng.normal(size=(size, small["target"].shape[1])),
        }
        for size in sizes
    ]
    got = student.run(bench.work, batches=batches, **weights, slope=0.1)
    more = sizes[1] - sizes[0]
    for counted, allowed in (("bytecodes", more), ("operations", more / 2)):
        before, after = got[counted]
        check(
            after - before < allowed, "the work grows with the number of samples: there is a loop over them"
        )
    # What was counted is the worker's word; the time that many samples take is not.
    x, target = rng.normal(size=(2, MANY_SAMPLES, 3))
    w1, w2, w3 = rng.normal(size=(3, 3, 3))
    with student.allowance.at_most(SECONDS):
        student.gradient_flow.backward_batch(x=x, w1=w1, w2=w2, w3=w3, target=target, negative_slope=0.1)
    check_each(
        [large, *({**weights, **batch, "negative_slope": 0.1} for batch in batches)],
        lambda subject, case: subject.gradient_flow.backward_batch(**case)["dw1"],
        student,
        reference,
        precision="float64",
    )


@graded("p1.batch", points=0.6, rung="edges", hint="Do not change the arguments.")
def test_batch_is_pure(student, reference, bench, rng):
    """A second call with the same tensors gives the same answer, and leaves them as they were."""

    def ask_twice(subject, case):
        return subject.run(bench.asked_twice, **case)

    cases = [random_batch(rng, slope) for slope in (0.0, 0.1)]
    cases = [{"slope": case.pop("negative_slope"), **case} for case in cases]
    check_each(cases, ask_twice, student, reference, precision="float64")
