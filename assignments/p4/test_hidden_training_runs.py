"""Hidden tests of training.py: interrupted trainings, shards, gradients over real processes."""

import itertools
import math

import numpy as np

from grader.testing import assert_close, assert_same, award, beside, check, check_each, graded

BATCHES = beside(__file__, "shared_public_batches")

# ---- p4.checkpoint


def seeds(rng, count):
    """Seeds that are plain integers."""
    return rng.integers(2**31, size=count).tolist()


def carried_over(student, bench, rng, first, second, rows=24, scaled=True, **loading):
    """A training that is interrupted and goes on in a new process.

    :return: losses and state of the straight run, the state that was saved, and what ``resumed`` gives.
    """
    seed, data, other = seeds(rng, 3)
    straight = student.run(bench.straight, seed, data, [first, second], rows, scaled)
    file, saved = student.run(bench.interrupted, seed, data, first, rows, scaled)
    resumed = student.anew().run(bench.resumed, file, other, data, second, rows, scaled, **loading)
    return straight, saved, resumed


@graded(
    "p4.checkpoint", points=0.8, rung="random", hint="Model, optimizer, schedule, scaler: who remembers what?"
)
def test_load_brings_back_what_was_learned(student, bench, rng):
    """Weights, moments, rates, schedule and scale, right after the load in a new process."""
    for _ in range(2):
        _, saved, (_, loaded, _, _) = carried_over(student, bench, rng, int(rng.integers(4, 11)), 1)
        assert_same(loaded["learned"], saved["learned"], "what was learned, after the load")


@graded("p4.checkpoint", points=0.4, rung="random", hint="Which rows of this epoch are still to come?")
def test_load_brings_back_the_place(student, bench, rng):
    """The order of the epoch, the position in it, the counters, the best score."""
    for _ in range(2):
        _, saved, (_, loaded, _, _) = carried_over(student, bench, rng, int(rng.integers(5, 11)), 1)
        assert_same(loaded["place"], saved["place"], "the place in the data, after the load")


@graded("p4.checkpoint", points=1.0, rung="random", hint="Who draws random numbers in given.advance?")
def test_a_loaded_training_goes_on(student, bench, rng):
    """Random trainings, interrupted anywhere, end with the bits of a straight run."""
    for _ in range(2):
        first, second = (int(number) for number in rng.integers(3, 13, size=2))
        rows = int(rng.choice([12, 16, 17, 20, 21, 25]))
        (losses, end), _, (later, _, reached, _) = carried_over(student, bench, rng, first, second, rows)
        assert_same(later, losses[first:], "the losses after the load")
        assert_same(reached, end, "the state at the end")


@graded("p4.checkpoint", points=0.6, rung="random", hint="Three words, three conditions, each by itself.")
def test_should_save_random(student, reference, rng):
    """Random steps, scores and intervals."""
    cases = []
    for _ in range(120):
        every = int(rng.integers(2, 60)) * 10
        total = int(rng.integers(5, 40)) * every + int(rng.choice([0, 0, 7]))
        step = int(rng.choice([every * rng.integers(1, 5), rng.integers(1, total + 1), total]))
        best = None if rng.random() < 0.2 else float(rng.integers(0, 40)) / 40
        score = None if rng.random() < 0.3 else float(rng.integers(0, 40)) / 40
        cases.append((step, score, best, total, every))
    check_each(cases, lambda subject, case: subject.training.should_save(*case), student, reference)


@graded(
    "p4.checkpoint", points=0.4, rung="edges", hint="Write beside the file, then put the whole in its place."
)
def test_a_full_disk_costs_no_checkpoint(student, bench, rng):
    """A file that cannot be written to its end; the one before is still there, and saving works again."""
    seed, data = seeds(rng, 2)
    first, kept, last, found = student.run(bench.full_disk, seed, data, rng.integers(2, 7, size=3).tolist())
    assert_same(kept, first, "the training after a save that failed, and a load")
    assert_same(found, last, "a save after one that failed, and a load")


@graded("p4.checkpoint", points=0.4, rung="edges", hint="What is None, empty or at its end?")
def test_interrupted_at_odd_places(student, bench, rng):
    """Before the first step, at the end of an epoch, without a scaler, with a short last batch to come."""
    for first, second, rows, scaled in (
        (0, 5, 24, True),
        (3, 4, 21, True),
        (5, 6, 24, False),
        (2, 5, 16, True),
    ):
        (losses, end), _, (later, _, reached, _) = carried_over(
            student, bench, rng, first, second, rows, scaled
        )
        assert_same(later, losses[first:], "the losses after the load")
        assert_same(reached, end, "the state at the end")


@graded("p4.checkpoint", points=0.3, rung="edges", hint="The optimizer holds the parameters of one model.")
def test_load_into_another_training(student, bench, rng):
    """Into one that is further along, and twice; model, optimizer and the others stay the same objects."""
    (losses, end), _, (later, _, reached, kept) = carried_over(student, bench, rng, 4, 5, before=6, loads=2)
    check(bool(kept), "load replaces an object that others hold")
    assert_same(later, losses[4:], "the losses after the load")
    assert_same(reached, end, "the state at the end")


@graded("p4.checkpoint", points=0.3, rung="edges", hint="NaN is above nothing; None is no number.")
def test_should_save_edges(student, reference):
    """NaN, ties, first scores of 0 and below, infinities, the last step, a run shorter than the interval."""
    cases = [
        (10, math.nan, None, 1000, 100),
        (100, math.nan, 0.5, 1000, 100),
        (10, 0.5, 0.5, 1000, 100),
        (10, 0.0, None, 1000, 100),
        (10, -2.5, None, 1000, 100),
        (10, -2.5, -3.0, 1000, 100),
        (10, 0.25, 0.0, 1000, 100),
        (10, -math.inf, None, 1000, 100),
        (1000, None, None, 1000, 100),
        (1000, 0.25, 0.125, 1000, 100),
        (60, None, 0.5, 60, 100),
        (60, 0.75, 0.5, 60, 100),
        (1, None, None, 1, 1),
        (999, None, 0.5, 1000, 1),
    ]
    check_each(cases, lambda subject, case: subject.training.should_save(*case), student, reference)
    check_each(
        [(5000, 0.5, 0.5, 9999), (100, 0.5, 0.5, 9999), (9999, 0.75, 0.5, 9999)],
        lambda subject, case: subject.training.should_save(*case),
        student,
        reference,
    )


# ---- p4.distributed


def dealt_fairly(epochs, other, n):
    """Whether the shards of some epochs, and of another seed, are what the handout says."""
    for ranks in [*epochs, other]:
        parts = [BATCHES.rows(part) for part in ranks]
        sizes = [len(part) for part in parts]
        if sum(sizes) != n or max(sizes) - min(sizes) > 1:
            return False
        if not np.array_equal(np.sort(np.concatenate(parts)), np.arange(n)):
            return False
    return True


def dealt_anew(epochs, other):
    """Whether every rank has other rows in each epoch, and under another seed."""
    for at in range(len(other)):
        seen = {tuple(np.sort(BATCHES.rows(ranks[at])).tolist()) for ranks in [*epochs, other]}
        if len(seen) != len(epochs) + 1:
            return False
    return True


def deal(student, bench, rng, n, world):
    """The shards of three epochs, and of one under another seed."""
    seed, other, *elsewhere = seeds(rng, 2 + world)
    epochs = student.run(bench.shards, n, world, [0, 1, 7], seed, elsewhere)
    return epochs, student.run(bench.shards, n, world, [0], other, elsewhere)[0]


@graded(
    "p4.distributed", points=1.0, rung="random", hint="All ranks draw the same order; each takes its part."
)
def test_shard_random(student, bench, rng):
    """Every row once, equal parts, dealt anew in each epoch and for each seed, whatever else is drawn."""
    right = 0
    for _ in range(12):
        world = int(rng.integers(2, 9))
        n = int(rng.integers(12 * world, 40 * world))
        epochs, other = deal(student, bench, rng, n, world)
        right += dealt_fairly(epochs, other, n) and dealt_anew(epochs, other)
    award(right / 12, "some shards lose or repeat rows, differ in size, or stay the same")


@graded("p4.distributed", points=0.2, rung="edges", hint="Some rank may get nothing.")
def test_shard_small(student, bench, rng):
    """Fewer rows than ranks, one row, none, a single rank."""
    for n, world in ((3, 7), (1, 4), (0, 3), (9, 1), (8, 8)):
        epochs, other = deal(student, bench, rng, n, world)
        check(dealt_fairly(epochs, other, n), "some shards lose or repeat rows, or differ in size")
    check(dealt_anew(*deal(student, bench, rng, 40, 2)), "some shards stay the same")


@graded("p4.distributed", points=0.2, rung="edges", hint="Which random numbers belong to somebody else?")
def test_shard_minds_its_own_business(student, reference, bench, rng):
    """The global generators stay where they are; a rank that does not exist is refused."""
    calls = [(40, 4, rank, epoch, 3) for rank in range(4) for epoch in range(2)]
    seed = int(rng.integers(2**31))
    without = student.run(bench.drawn_after_shards, [], seed)
    assert_same(
        student.run(bench.drawn_after_shards, calls, seed), without, "random numbers drawn afterwards"
    )
    cases = [(10, 4, 4), (10, 4, -1), (10, 1, 1), (10, 4, 9)]
    check_each(cases, lambda subject, case: subject.training.shard(*case, 0, 0), student, reference)


def micro_batches(rng, words, pad, count, long=True, least=1):
    """Some micro-batches of different shapes; only long ones have more than four positions."""
    return [
        BATCHES.batch(
            rng,
            words,
            int(rng.integers(1, 5)),
            int(rng.integers(5, 9) if long else rng.integers(1, 5)),
            pad,
            least,
        )
        for _ in range(count)
    ]


def gradient_case(rng, count, pad=None, **more):
    """Weights and micro-batches of one process."""
    words = int(rng.integers(5, 15))
    pad = int(rng.choice([0, words - 1, -100])) if pad is None else pad
    long = more.pop("long", bool(rng.random() < 0.7))
    batches = micro_batches(rng, words, pad, count, long, more.pop("least", 1))
    return {"seed": int(rng.integers(2**31)), "words": words, "ranks": [batches], "pad": pad} | more


def gradients(bench):
    """Asks for loss and gradients of one case."""

    def ask(subject, case):
        loss, found = subject.run(bench.rank_gradients, **case)[0]
        return {"loss": loss, **found}

    return ask


@graded("p4.distributed", points=0.9, rung="random", hint="How many tokens does each micro-batch have?")
def test_accumulate_random(student, reference, bench, rng):
    """Loss and gradients over micro-batches with different numbers of tokens, in one process."""
    cases = [gradient_case(rng, int(rng.integers(2, 6))) for _ in range(12)]
    check_each(cases, gradients(bench), student, reference)


def all_ranks_agree(student, reference, bench, case, ranks):
    """Ask for real processes, and compare each with one process that has everything."""
    want = gradients(bench)(reference, case)
    for loss, found in student.run(bench.rank_gradients, **(case | {"ranks": ranks})):
        assert_close(
            {"loss": loss, **found}, want, "loss and gradients on a rank, beside those of one process"
        )


def cut(batches, *places):
    """The micro-batches of several ranks."""
    ends = [0, *places, len(batches)]
    return [batches[start:end] for start, end in itertools.pairwise(ends)]


@graded(
    "p4.distributed", points=0.9, rung="random", hint="What do the ranks have to add up before they divide?"
)
def test_two_ranks_random(student, reference, bench, rng):
    """Two real processes with different numbers of tokens have the gradient of one."""
    for count in (3, 5):
        case = gradient_case(rng, count, long=True)
        all_ranks_agree(student, reference, bench, case, cut(case["ranks"][0], int(rng.integers(1, count))))


@graded("p4.distributed", points=0.3, rung="edges", hint="Zero tokens: a sum of nothing, divided by what?")
def test_accumulate_edges(student, reference, bench, rng):
    """No token in a micro-batch or anywhere, no micro-batch, old gradients, frozen and unused parameters."""
    nothing = (np.zeros((2, 6), np.int64), np.full((2, 6), -1))
    some = gradient_case(rng, 2, pad=-1)
    cases = [
        some | {"ranks": [[*some["ranks"][0], nothing]]},
        some | {"ranks": [[nothing, *some["ranks"][0]]]},
        some | {"ranks": [[nothing]]},
        some | {"ranks": [[]]},
        gradient_case(rng, 3) | {"stale": 1000.0},
        gradient_case(rng, 3, pad=99, least=0),
        gradient_case(rng, 3, frozen=["embedding.weight", "head.bias"]),
        gradient_case(rng, 3, long=False),
        gradient_case(rng, 1, long=False) | {"stale": -7.0},
    ]
    check_each(cases, gradients(bench), student, reference, scale=1.0)


@graded("p4.distributed", points=0.2, rung="edges", hint="When is the memory of a forward pass given back?")
def test_accumulate_one_at_a_time(student, bench, rng):
    """Each micro-batch has its backward pass before the next one is forwarded."""
    for count in (1, 4):
        case = gradient_case(rng, count)
        order = student.run(bench.order_of_work, case["seed"], case["words"], case["ranks"][0], case["pad"])
        assert_same(order, "fb" * count, "the order of forward and backward passes")


@graded(
    "p4.distributed", points=0.5, rung="edges", hint="Every rank makes the same calls, in the same order."
)
def test_ranks_without_anything(student, reference, bench, rng):
    """Three processes: one without micro-batches, one without tokens; a parameter that only one uses."""
    case = gradient_case(rng, 1, pad=-1, long=True) | {"stale": 50.0}
    nothing = (np.zeros((2, 3), np.int64), np.full((2, 3), -1))
    all_ranks_agree(student, reference, bench, case, [[], case["ranks"][0], [nothing]])
    short = micro_batches(rng, case["words"], -1, 2, long=False)
    mixed = case | {"ranks": [case["ranks"][0] + short], "stale": math.nan, "frozen": ["hidden.bias"]}
    all_ranks_agree(student, reference, bench, mixed, [short, case["ranks"][0]])
    empty = case | {"ranks": [[nothing]]}
    all_ranks_agree(student, reference, bench, empty, [[nothing], []])
