"""Hidden tests of captioning.py, second part: first weights, parameter groups, the schedule."""

import numpy as np

from grader.testing import award, beside, check, check_each, graded

shared = beside(__file__, "shared_public_captioning")

# ---- p4.init


def start(student, reference, bench, rng, structure, width=None):
    """A model of random size after `initialise`, its new parts filled with a number before.

    :return: what the bench saw, and what is wrong with it; an empty string: nothing.
    """
    width, seed = width or 2 * int(rng.integers(12, 21)), int(rng.integers(2**31))
    seen = student.run(bench.initialised_parts, structure, width, seed, fill=7.0)
    ours = reference.run(bench.initialised_parts, structure, width, seed, fill=7.0)
    fault = shared.fault_of_start(seen)
    if not fault and shapes(seen) != shapes(ours):
        fault = "the new parameters are others, or of other shapes"
    if not fault and not np.array_equal(seen["frozen"], ours["frozen"]):
        fault = "which parameters are frozen has changed"
    return seen, fault


def shapes(seen):
    """The shape of each new parameter."""
    return {name: tuple(found.shape) for name, found in seen["new"].items()}


@graded(
    "p4.init", points=1.6, rung="random", hint="Which parameters of the new parts does your loop not reach?"
)
def test_start_random(student, reference, bench, rng):
    """Blocks with a projection, an attention alone, one for a memory of another width, parts deep inside."""
    structures = ["blocks and projection", "attention alone", "other width", "deep"]
    faults = [start(student, reference, bench, rng, structure)[1] for structure in structures]
    award(faults.count("") / len(faults), next(filter(None, faults), "nothing"))


@graded("p4.init", points=0.8, rung="edges")
def test_start_edges(student, reference, bench, rng):
    """Frozen parts get weights and stay frozen; a second start is another one; nothing new, nothing done."""
    _, fault = start(student, reference, bench, rng, "frozen")
    check(not fault, fault or "nothing")
    starts = []
    for _ in range(2):
        seen, fault = start(student, reference, bench, rng, "one block", 26)
        check(not fault, fault or "nothing")
        starts.append(seen["new"])
    first, second = starts
    for name, found in first.items():
        if found.ndim > 1:
            check(float(np.mean(found == second[name])) < 0.1, "two starts have the same matrices")
    _, fault = start(student, reference, bench, rng, "nothing new")
    check(not fault, "nothing was new")


# ---- p4.groups


def captioner(rng, depths=None, *, decay=None):
    """Sizes of a captioner with random rates; the two stacks differ in depth."""
    encoder, decoder = depths or (int(n) for n in rng.choice(np.arange(1, 6), size=2, replace=False))
    return {
        "encoder_depth": encoder,
        "decoder_depth": decoder,
        "width": 2 * int(rng.integers(1, 5)),
        "lr_new": float(10 ** rng.uniform(-5, -2)),
        "decay": float(rng.uniform(0.4, 0.95)) if decay is None else decay,
        "weight_decay": float(rng.uniform(0.01, 0.2)),
        "head_first": bool(rng.integers(2)),
    }


def rates_and_decays(bench):
    def ask(subject, case):
        return subject.run(bench.captioner_groups, **case)

    return ask


@graded("p4.groups", points=1.6, rung="random", hint="Which distance from the new parts does each part have?")
def test_groups_random(student, reference, bench, rng):
    """Rate and decay of every parameter of captioners with random depths."""
    cases = [captioner(rng) for _ in range(6)]
    cases += [captioner(rng) | {"head_first": first} for first in (True, False)]
    check_each(cases, rates_and_decays(bench), student, reference)


@graded("p4.groups", points=0.7, rung="edges")
def test_groups_edges(student, reference, bench, rng):
    """One layer, many, as many in both stacks; decay 1, no weight decay, tiny rates; frozen parts."""
    cases = [captioner(rng, depths) for depths in ((1, 1), (1, 4), (7, 2), (3, 3))]
    cases += [captioner(rng, (2, 3), decay=1.0), captioner(rng) | {"weight_decay": 0.0}]
    cases.append(captioner(rng, (4, 5), decay=0.1) | {"lr_new": 1e-7})
    cases += [captioner(rng) | {"frozen": part} for part in (["encoder."], ["decoder.layers.", "projection"])]
    check_each(cases, rates_and_decays(bench), student, reference)


def scheduled(bench):
    def ask(subject, case):
        return subject.run(bench.scheduled_rates, **case)

    return ask


def plan(rng, total, warmup, floor=0.1, behind=5):
    """A run with three groups whose peaks lie far apart, looked at after every update and behind the end."""
    peaks = [float(10 ** rng.uniform(low, low + 1)) for low in rng.permutation([-3.0, -5.0, -7.0])]
    steps = list(range(total + behind))
    return {"peaks": peaks, "total": total, "warmup": warmup, "floor": floor, "steps": steps}


@graded(
    "p4.groups", points=1.2, rung="random", hint="Follow one group that is not the first through the run."
)
def test_schedule_random(student, reference, bench, rng):
    """The rates of every group, update by update, for random lengths, warm-ups and floors."""
    cases = [
        plan(rng, int(rng.integers(30, 90)), int(rng.integers(3, 20)), float(rng.uniform(0.02, 0.5)))
        for _ in range(8)
    ]
    cases.append(plan(rng, 60, 10, None))
    check_each(cases, scheduled(bench), student, reference)


@graded("p4.groups", points=0.7, rung="edges")
def test_schedule_edges(student, reference, bench, rng):
    """No warm-up, one update of it, nothing but warm-up; a floor of 0 and of 1; long behind the end."""
    cases = [plan(rng, 20, 0), plan(rng, 20, 1), plan(rng, 12, 12), plan(rng, 12, 11)]
    cases += [plan(rng, 25, 5, 0.0), plan(rng, 25, 5, 1.0), plan(rng, 15, 3, behind=40), plan(rng, 1, 0)]
    check_each(cases, scheduled(bench), student, reference)
