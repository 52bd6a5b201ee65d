"""Hidden tests of training.py: shards, gradients over micro-batches and over real processes."""

import itertools
import math

import numpy as np
import pytest

from grader.testing import assert_close, assert_same, award, beside, check, check_each, graded

BATCHES = beside(__file__, "shared_public_batches")


def seeds(rng, count):
    """Seeds that are plain integers."""
    return rng.integers(2**31, size=count).tolist()


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


# Two rounds of at most 184 counts with two tails each: a right answer is refused once in 1.3 million grades.
DRAWS, FALSE_ALARM = 120, 1e-9


def tail(count, draws, chance):
    """The chance of as many of some independent draws or fewer, and that of as many or more."""
    each = [math.comb(draws, k) * chance**k * (1 - chance) ** (draws - k) for k in range(draws + 1)]
    return sum(each[: count + 1]), sum(each[count:])


def well_mixed(student, bench, rng, fixed):
    """Whether every row comes to every rank, and every two rows meet, about as often as chance has it.

    :param fixed: which of epoch and seed stays the same over the draws.
    """
    world = int(rng.integers(2, 5))
    n = world * int(rng.integers(3, 5))
    draws = np.array([[int(rng.integers(100)), *seeds(rng, 1)]] * DRAWS)
    draws[:, 1 - fixed] = np.arange(DRAWS) if fixed else seeds(rng, DRAWS)
    dealt = np.asarray(student.run(bench.ranks_of_rows, n, world, [tuple(row) for row in draws.tolist()]))
    on_rank = [int(np.sum(dealt[:, row] == rank)) for row in range(n) for rank in range(world)]
    met = [int(np.sum(dealt[:, a] == dealt[:, b])) for a, b in itertools.combinations(range(n), 2)]
    chances = ((on_rank, 1 / world), (met, (n // world - 1) / (n - 1)))
    return all(
        min(tail(count, DRAWS, chance)) >= FALSE_ALARM for counts, chance in chances for count in set(counts)
    )


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
    for fixed in (0, 1):
        check(
            well_mixed(student, bench, rng, fixed),
            "in some epochs or seeds, rows meet too often or too seldom",
        )
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
    without, _ = student.run(bench.drawn_after_shards, [], seed)
    drawn, dealt = student.run(bench.drawn_after_shards, calls, seed)
    assert_same(drawn, without, "random numbers drawn afterwards")
    assert_same(len(dealt), len(calls), "the number of shards")
    for ranks in (dealt[::2], dealt[1::2]):
        check(dealt_fairly([], ranks, 40), "some shards lose or repeat rows, or differ in size")
    drew = any(np.ptp(np.diff(np.sort(BATCHES.rows(rows)))) > 0 for rows in dealt)
    check(drew, "every shard is of rows at equal distances: nothing was drawn")
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


@pytest.mark.loopback
@graded(
    "p4.distributed", points=0.9, rung="random", hint="What do the ranks have to add up before they divide?"
)
def test_two_ranks_random(student, reference, bench, rng):
    """Two real processes with different numbers of tokens have the gradient of one."""
    for count in (3, 5):
        case = gradient_case(rng, count, long=True)
        ranks = cut(case["ranks"][0], int(rng.integers(1, count)))
        all_ranks_agree(student, reference, bench, case, ranks)
    seen = student.run(bench.forwarded_on_ranks, case["seed"], case["words"], ranks, case["pad"])
    for given, batches in zip(seen, ranks, strict=True):
        own = [inputs for inputs, _ in batches]
        forwarded, own = (sorted(np.asarray(x).tolist() for x in each) for each in (given, own))
        check(forwarded == own, "a rank forwards what is not its own, or its own not once")


@graded("p4.distributed", points=0.3, rung="edges", hint="Zero tokens: a sum of nothing, divided by what?")
def test_accumulate_edges(student, reference, bench, rng):
    """No token or one in all, no micro-batch, old gradients, frozen and unused parameters."""
    nothing = (np.zeros((2, 6), np.int64), np.full((2, 6), -1))
    lone = (np.zeros((2, 6), np.int64), np.full((2, 6), -1))
    lone[1][1, 2] = 3  # a single token in all
    some = gradient_case(rng, 2, pad=-1)
    cases = [
        some | {"ranks": [[nothing, lone]]},
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
def test_accumulate_one_at_a_time(student, reference, bench, rng):
    """Each micro-batch has its backward pass before the next one is forwarded."""
    for count in (1, 4):
        case = gradient_case(rng, count)
        asked = case["seed"], case["words"], case["ranks"][0], case["pad"]
        order, brought = student.run(bench.order_of_work, *asked)
        assert_same(order, "fb" * count, "the order of forward and backward passes")
        # By what each micro-batch is divided is asked elsewhere.
        wanted = directions(reference.run(bench.order_of_work, *asked)[1])
        assert_close(directions(brought), wanted, "what each backward pass brings, but for its size")


def directions(gradients):
    """Gradients, each divided by its largest number."""
    return [each / max(float(np.abs(each).max(initial=0.0)), 1e-30) for each in gradients]


@pytest.mark.loopback
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
