"""Hidden tests of training.py: interrupted trainings, killed saves, which checkpoints are due."""

import math

import numpy as np

from grader.testing import assert_same, check, check_each, graded

# Six lessons of 2,000 rows compress to 200,000 bytes. A checkpoint after them, with an order of 2,000 rows,
# has 39,000 (the reference's) to 60,000 (one that writes every number out as text).
LESSONS, CROWD, LARGEST = 6, 2000, 120_000


def seeds(rng, count):
    """Seeds that are plain integers."""
    return rng.integers(2**31, size=count).tolist()


def carried_over(
    student, reference, bench, rng, first, second, rows=24, scaled=True, taught=False, **loading
):
    """A training that is interrupted and goes on in a new process.

    What is right comes from processes that never saw the submission: a straight run is all given code, and
    what a submission says of itself before and after could be the same whatever it did.

    :param taught: after lessons that are many times as large as what was learned from them, so that a file
        that lists what happened, to do it all again, is too large for a checkpoint.
    :return: losses and state of the straight run, the state after its first part, and what ``resumed`` gives.
    """
    seed, data, other = seeds(rng, 3)
    lessons = None
    if taught:
        rows, drawn = CROWD, rng.normal(size=(LESSONS, CROWD, 5)).astype(np.float32)
        lessons = [(inputs, rng.integers(3, size=CROWD)) for inputs in drawn]
    straight = reference.run(bench.straight, seed, data, [first, second], rows, scaled, lessons=lessons)
    _, until = reference.run(bench.straight, seed, data, [first], rows, scaled, lessons=lessons)
    file, saved = student.run(bench.interrupted, seed, data, first, rows, scaled, lessons=lessons)
    assert_same(saved, until, "the state that was saved, beside that of a straight run")
    check(file.size <= LARGEST, "a checkpoint is many times as large as what it has to hold")
    resumed = student.anew().run(bench.resumed, file, other, data, second, rows, scaled, **loading)
    return straight, until, resumed


@graded(
    "p4.checkpoint", points=0.8, rung="random", hint="Model, optimizer, schedule, scaler: who remembers what?"
)
def test_load_brings_back_what_was_learned(student, reference, bench, rng):
    """Weights, moments, rates, schedule and scale, right after the load in a new process."""
    for taught in (False, True):
        _, saved, (_, loaded, _, _) = carried_over(
            student, reference, bench, rng, int(rng.integers(4, 11)), 1, taught=taught
        )
        assert_same(loaded["learned"], saved["learned"], "what was learned, after the load")


@graded("p4.checkpoint", points=0.4, rung="random", hint="Which rows of this epoch are still to come?")
def test_load_brings_back_the_place(student, reference, bench, rng):
    """The order of the epoch, the position in it, the counters, the best score."""
    for taught in (False, True):
        _, saved, (_, loaded, _, _) = carried_over(
            student, reference, bench, rng, int(rng.integers(5, 11)), 1, taught=taught
        )
        assert_same(loaded["place"], saved["place"], "the place in the data, after the load")


@graded("p4.checkpoint", points=1.0, rung="random", hint="Who draws random numbers in given.advance?")
def test_a_loaded_training_goes_on(student, reference, bench, rng):
    """Random trainings, interrupted anywhere, end with the bits of a straight run."""
    for taught in (False, True):
        first, second = (int(number) for number in rng.integers(3, 13, size=2))
        rows = int(rng.choice([12, 16, 17, 20, 21, 25]))
        (losses, end), _, (later, _, reached, _) = carried_over(
            student, reference, bench, rng, first, second, rows, taught=taught
        )
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
    "p4.checkpoint", points=0.2, rung="edges", hint="Is there a good file under the name at every moment?"
)
def test_a_kill_costs_no_checkpoint(student, reference, bench, rng):
    """The process is killed while it writes; what was there before is there and whole."""
    run = [*seeds(rng, 2), int(rng.integers(2, 7))]
    (old, new), found = student.run(bench.killed_save, *run)
    right, _ = reference.run(bench.killed_save, *run)
    assert_same([old, new], right, "the trainings that are saved")
    for loaded in found:
        done = np.array_equal(loaded, new)  # nothing was killed: the file was smaller than the limit
        check(
            done or np.array_equal(loaded, old), "a save that was killed leaves neither the old nor the new"
        )


@graded(
    "p4.checkpoint", points=0.2, rung="edges", hint="Write beside the file, then put the whole in its place."
)
def test_a_full_disk_costs_no_checkpoint(student, reference, bench, rng):
    """A file that cannot be written to its end; the one before is still there, and saving works again."""
    seed, data = seeds(rng, 2)
    steps = rng.integers(2, 7, size=3).tolist()
    first, kept, last, found = student.run(bench.full_disk, seed, data, steps)
    right = reference.run(bench.full_disk, seed, data, steps)
    assert_same(first, right[0], "the training that is saved first")
    assert_same(kept, first, "the training after a save that failed, and a load")
    assert_same(found, last, "a save after one that failed, and a load")


@graded("p4.checkpoint", points=0.4, rung="edges", hint="What is None, empty or at its end?")
def test_interrupted_at_odd_places(student, reference, bench, rng):
    """Before the first step, at the end of an epoch, without a scaler, with a short last batch to come."""
    for first, second, rows, scaled, taught in (
        (0, 5, 24, True, False),
        (3, 4, 21, True, False),
        (5, 6, 24, False, False),
        (2, 5, 16, True, False),
        (0, 5, CROWD, False, True),
    ):
        (losses, end), _, (later, _, reached, _) = carried_over(
            student, reference, bench, rng, first, second, rows, scaled, taught
        )
        assert_same(later, losses[first:], "the losses after the load")
        assert_same(reached, end, "the state at the end")


@graded("p4.checkpoint", points=0.3, rung="edges", hint="The optimizer holds the parameters of one model.")
def test_load_into_another_training(student, reference, bench, rng):
    """Into one that is further along, and twice; what is None again; objects that others hold stay."""
    (losses, end), _, (later, _, reached, kept) = carried_over(
        student, reference, bench, rng, 4, 5, taught=True, before=6, loads=2
    )
    check(bool(kept), "load replaces an object that others hold")
    assert_same(later, losses[4:], "the losses after the load")
    assert_same(reached, end, "the state at the end")
    # After two steps there is no best score; after six there is one.
    _, saved, (_, loaded, _, _) = carried_over(student, reference, bench, rng, 2, 1, before=6)
    assert_same(loaded["place"], saved["place"], "the place, loaded into a training that is further along")


@graded("p4.checkpoint", points=0.3, rung="edges", hint="NaN is above nothing; None is no number.")
def test_should_save_edges(student, reference):
    """NaN, ties, first scores of 0 and below, the last step, a run shorter than the interval."""
    cases = [
        (10, math.nan, None, 1000, 100),
        (100, math.nan, 0.5, 1000, 100),
        (10, 0.5, 0.5, 1000, 100),
        (10, 0.0, None, 1000, 100),
        (10, -2.5, None, 1000, 100),
        (10, -2.5, -3.0, 1000, 100),
        (10, 0.25, 0.0, 1000, 100),
        (10, -1.0, 0.0, 1000, 100),
        (10, 0.0, 0.0, 1000, 100),
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
