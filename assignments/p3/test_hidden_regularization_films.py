"""Hidden tests of regularization.py: augmentation, strategy, a hospital never seen."""

import numpy as np
import pytest

from grader.datasets.hospitals import films
from grader.datasets.reading import orientation, read_digits
from grader.testing import assert_close, assert_same, award, beside, check, graded

SHARED = beside(__file__, "shared_public_regularization")
CLOSER = beside(__file__, "closer")
BENDING = beside(__file__, "bending")

# ---- p3.augment


def ells(count, rng, size=28):
    """The same L, of random proportions and in one of four positions: (count, 1, size, size).

    Its arms differ clearly in length: the mirror image of an L with equal arms is a quarter turn of it.
    They are as thick as the film is large, or a turn of some degrees would take a thin arm off itself.
    """
    probe = np.full((size, size), float(rng.uniform(0.1, 0.3)), np.float32)
    top, left = (int(rng.integers(size // 5, size // 4)) for _ in range(2))
    height = int(rng.integers(size * 4 // 7, size * 2 // 3))
    width, thick = int(rng.integers(size * 2 // 7, size * 3 // 8)), size // 7
    probe[top : top + height, left : left + thick] = float(rng.uniform(0.7, 0.9))
    probe[top + height - thick : top + height, left : left + width] = probe[top, left]
    return np.repeat(np.rot90(probe, int(rng.integers(4)))[None, None], count, axis=0)


def is_augmented(images, like, least=0.01):
    """Fail unless these are films, and others than they were."""
    check(images.dtype == np.float32, "films stay in float32")
    assert_same(images.shape, like.shape, "the shape of the films")
    check(bool(((images >= 0) & (images <= 1)).all()), "a pixel lies outside [0, 1]")
    check(float(np.abs(images - like).mean()) >= least, "the films hardly change")


def bends(images, like):
    """Fail unless something in copies of one film turns, moves or grows: what is asked first of all.

    Noise moves bright parts too, by chance: 0.01. Moves of a pixel below the strongest noise allowed: 0.06.
    """
    share = BENDING.moved_share(like[0, 0], images[:100, 0])
    check(share >= 0.04, "the films change, but nothing in them turns, moves or grows")


def keeps_contrast(images, like):
    """Fail if the darkest tenth of these films has lost more contrast than the handout lets all changes take.

    All changes at once, drawn evenly up to the bounds, left 0.64 of it or more in 40 draws of films; each at
    its bound, with films that are brighter, 0.58.
    """
    brightest = [np.quantile(films[:, 0], 0.97, axis=(1, 2)) for films in (images, like)]
    ground = [np.median(films[:, 0], axis=(1, 2)) for films in (images, like)]
    after, before = (top - low for top, low in zip(brightest, ground, strict=True))
    kept = float(np.quantile(after / before, 0.1))
    check(kept >= 0.3, "brightness and contrast change by more than the handout allows")


@graded("p3.augment", points=1.5, rung="random", hint="Which changes would put the heart on the other side?")
def test_augment_keeps_positions(student, bench, rng):
    """Of 500 films of some L at least 495 still show it: no mirror image, no quarter turn."""
    given = ells(500, rng)
    got = student.run(bench.augmented, given, int(rng.integers(2**31)))
    is_augmented(got, given)
    bends(got, given)
    kept = int((orientation(got[:, 0], given[0, 0]) == 0).sum())
    check(kept >= 495, "some films are mirrored or turned by a quarter, or show nothing")


@graded("p3.augment", points=1.5, rung="random", hint="Look at a row of augmented films: can you read them?")
def test_augment_keeps_findings(student, bench, rng):
    """A reader that allows for small turns and shifts recognises three in four of what it did before."""
    readable, labels = SHARED.clear_films(250, rng)
    given = np.concatenate([readable, ells(100, rng)])
    got = student.run(bench.augmented, given, int(rng.integers(2**31)))
    is_augmented(got, given)
    bends(got[250:], given[250:])
    keeps_contrast(got[250:], given[250:])
    before, after = (int((read_digits(images[:250]) == labels).sum()) for images in (given, got))
    check(after >= 0.75 * before, "the films can no longer be read")


@graded("p3.augment", points=1.0, rung="random", hint="By how many pixels does the figure move?")
def test_augment_changes_enough(student, bench, rng):
    """Pixels change by 0.02 on average, figures move, and equal films of one batch become different ones."""
    given = ells(400, rng)
    first, second = student.run(bench.augmented_in_turn, given, int(rng.integers(2**31)), 2)
    is_augmented(first, given, least=0.02)
    seen = orientation(first[:100, 0], given[0, 0]) < 8
    check(float(seen.mean()) >= 0.95, "the figures cannot be seen any more")
    check(float(SHARED.centroids(first).std(axis=0).max()) >= 0.3, "the figures stay where they are")
    bends(first, given)
    check(float(np.abs(first - second).mean()) > 0.005, "every batch of one generator gets the same changes")
    number = len(np.unique(first.reshape(len(first), -1), axis=0))
    check(number >= 10, "films of one batch get the same changes")


@graded("p3.augment", points=1.0, rung="edges", hint="Where do your random numbers come from?")
def test_augment_is_pure(student, bench, rng):
    """Other global seeds change nothing, the argument is left alone, and train=False changes nothing."""
    given = ells(12, rng)
    seed, one, other = rng.integers(2**31, size=3).tolist()
    first, left = student.run(bench.augmented_under, given, seed, one, True)
    is_augmented(first, given)
    kept = int((orientation(first[:, 0], given[0, 0]) == 0).sum())
    check(kept >= 11, "some films are mirrored or turned by a quarter, or show nothing")
    assert_same(left, given, "the films that were handed over, after the call")
    again, _ = student.run(bench.augmented_under, given, seed, other, True)
    assert_same(again, first, "the films of the same generator, after other random numbers elsewhere")
    kept, _ = student.run(bench.augmented_under, given, seed, one, False)
    assert_same(kept, given, "the films with train=False")


@graded("p3.augment", points=1.0, rung="edges", hint="28 is not the only size of a film.")
def test_augment_edges(student, bench, rng):
    """One film, larger films, black and white films, no film."""
    for count, size in ((40, 40), (40, 64), (1, 28)):
        given = ells(count, rng, size)
        got = student.run(bench.augmented, given, int(rng.integers(2**31)))
        is_augmented(got, given, least=0.005 if count > 1 else 0.0)
        if count > 1:
            kept = int((orientation(got[:, 0], given[0, 0]) == 0).sum())
            check(kept >= count - 1, "larger films are mirrored or turned, or show nothing")
    plain = np.stack([np.zeros((1, 28, 28)), np.ones((1, 28, 28))] * 10).astype(np.float32)
    is_augmented(student.run(bench.augmented, plain, int(rng.integers(2**31))), plain, least=0.0)
    none = np.zeros((0, 1, 28, 28), np.float32)
    assert_same(student.run(bench.augmented, none, 1).shape, none.shape, "the shape of no films")


# ---- p3.strategy

# Technique: the settings that are neither without effect nor harmful, and the effects that it works by.
STRATEGY = {
    "augmentation": (True, {"new_inputs"}),
    "dropout": ((0.1, 0.6), {"restrains_weights"}),
    "early_stopping": ((3, 15), {"keeps_good_weights"}),
    "label_smoothing": ((0.05, 0.2), {"limits_confidence"}),
    "lr_ratio": ((3, 100), {"keeps_good_weights"}),
    "mixup": ((0.1, 1.0), {"new_inputs"}),
    "pretrained": (True, {"keeps_good_weights"}),
    "weight_decay": ((1e-4, 0.1), {"restrains_weights"}),
}
CLAIMS = 8  # a setting and an effect for each of four techniques


def in_range(setting, accepted):
    """Whether a setting is the accepted one, or a number in the accepted range."""
    if accepted is True:
        return setting is True or (
            np.ndim(setting) == 0 and np.asarray(setting).dtype == bool and bool(setting)
        )
    number = np.asarray(setting)
    if isinstance(setting, bool) or number.ndim or number.dtype.kind not in "iuf":
        return False
    low, high = accepted
    return bool(low * (1 - 1e-6) <= float(number) <= high * (1 + 1e-6))


def strategy_share(strategy):
    """(right claims, 8 at most, - wrong ones) / 8, never below 0: a technique claims a setting and an effect.

    A technique that destroys labels or trains the fault on claims two wrong things.
    """
    right = wrong = 0
    for technique, (setting, effect) in strategy.items():
        if technique not in STRATEGY:
            wrong += 2
            continue
        accepted, effects = STRATEGY[technique]
        for holds in (in_range(setting, accepted), effect in effects):
            right, wrong = right + holds, wrong + (not holds)
    return max(0.0, (min(right, CLAIMS) - wrong) / CLAIMS)


@graded("p3.strategy", points=4.0, rung="closed")
def test_strategy(student):
    """At least four techniques that fit the films, settings that act, effects that are theirs."""
    share = strategy_share(student.regularization.STRATEGY)
    award(share, "fewer than four techniques with setting and effect are right, or a wrong one cancels some")


# ---- p3.generalise


@graded("p3.generalise", points=3.4, rung="random", hint="Have you looked at the films of each hospital?")
@pytest.mark.timeout(80)
def test_hospital_e(student, gate, bench, rng):
    """Trained on secret films of A to D, the network reads films of E."""
    with CLOSER.closer_look(student, lambda: CLOSER.at_films(student, bench, rng, ells(100, rng))):
        gate("p3.generalise").judge(student)


@graded("p3.generalise", points=1.2, rung="edges", hint="What must a film's logits not depend on?")
@pytest.mark.timeout(60)
def test_train_is_pure(student, bench, rng):
    """The same seed gives the same network, a film's logits are its own, the training films stay."""
    known, new = films({0: 40, 1: 40, 2: 40, 3: 20}, rng), films({4: 6}, rng)
    seed, *global_seeds = rng.integers(2**31, size=3).tolist()
    given = (known.images, known.labels, known.hospitals, new.images, seed)
    # Few films and a call for each network: what takes long is not asked of the known mistakes again.
    ((first,), _, left), ((second,), alone, _) = (
        student.run(bench.hospital_runs, *given, [drawn]) for drawn in global_seeds
    )
    assert_same(first.shape, (6, 10), "the shape of the logits")
    check(float(np.ptp(first, axis=0).max()) > 1e-4, "all films get the same logits")
    assert_close(second, first, "the logits of a second network from the same seed")
    assert_close(alone, second, "the logits of films one by one")
    assert_same(left, known.images, "the training films, after the call")
