"""Public tests of regularization.py: augmentation, strategy, a hospital never seen."""

import numpy as np
import pytest

from grader.datasets.hospitals import films
from grader.datasets.reading import orientation, read_digits
from grader.testing import Images, assert_same, beside, check, graded

SHARED = beside(__file__, "shared_public_regularization")

TECHNIQUES = {
    *("augmentation", "dropout", "early_stopping", "label_smoothing", "lr_ratio", "mirror", "mixup"),
    *("pretrained", "quarter_turns", "train_longer", "weight_decay"),
}
EFFECTS = {"keeps_good_weights", "limits_confidence", "new_inputs", "restrains_weights"}


# ---- p3.augment


def probes(count, bar=(6, 22, 9, 13), foot=(18, 22, 9, 20)):
    """The same bright L on dark films, (count, 1, 28, 28); a bar and a foot as (top, bottom, left, right)."""
    probe = np.full((28, 28), 0.2, np.float32)
    for top, bottom, left, right in (bar, foot):
        probe[top:bottom, left:right] = 0.85
    return np.repeat(probe[None, None], count, axis=0)


def is_film(images, like):
    """Fail unless these can be films."""
    check(images.dtype == np.float32, "films stay in float32", f"{images.dtype}")
    assert_same(images.shape, like.shape, "the shape of the films")
    check(bool(((images >= 0) & (images <= 1)).all()), "a pixel lies outside [0, 1]")


def differ(images):
    """Fail unless these films, made from one, are many different films."""
    number = len(np.unique(images.reshape(len(images), -1), axis=0))
    check(
        number >= min(10, len(images) // 4),
        "films of one batch get the same changes",
        f"{number} of {len(images)}",
    )


@graded("p3.augment", points=1.0, rung="interface")
def test_augment_form(student, bench, rng):
    """Films come back as films of the same shape in [0, 1], and two equal ones as different ones."""
    for count, seed in ((16, 1), (64, 2)):
        given = probes(count)
        got = student.run(bench.augmented, given, seed)
        is_film(got, given)
        differ(got)


@graded("p3.augment", points=1.0, rung="figures", hint="Which changes would put the heart on the other side?")
def test_augment_keeps_an_l_an_l(student, bench, artifacts):
    """Of 500 films of an L at least 495 still show an L: no mirror image, no quarter turn."""
    given = probes(500)
    got = student.run(bench.augmented, given, 3)
    is_film(got, given)
    differ(got)
    films_shown = {"as given": given[:8, 0], "augmented": got[:8, 0]}
    artifacts.add(Images("an-l", "An L, eight times augmented", films_shown))
    upright = orientation(got[:, 0], given[0, 0]) == 0
    kept = int(upright.sum())
    check(kept >= 495, "some films are mirrored or turned by a quarter", f"{kept} of 500 as they were")


@graded("p3.augment", points=1.0, rung="figures", hint="By how many pixels does the figure move?")
def test_augmented_films_move(student, bench, artifacts, rng):
    """Pixels change by 0.02 on average, and the L wanders by 0.3 pixels (standard deviation)."""
    given = probes(300)
    got = student.run(bench.augmented, given, 4)
    is_film(got, given)
    change = float(np.abs(got - given).mean())
    check(change >= 0.02, "the films hardly change", f"by {change:.4f} on average")
    spread = SHARED.centroids(got).std(axis=0)
    check(float(spread.max()) >= 0.3, "the figure stays where it is", f"spread {spread.max():.2f} pixels")
    shown, _ = SHARED.clear_films(8, rng)
    augmented = student.run(bench.augmented, shown, 5)
    is_film(augmented, shown)
    artifacts.add(Images("films", "Augmented films", {"as given": shown[:, 0], "augmented": augmented[:, 0]}))


@graded("p3.augment", points=1.0, rung="figures", hint="What is train for? What is the generator for?")
def test_augment_by_seed_and_mode(student, bench):
    """The same generator gives the same films, another one others; train=False gives them unchanged."""
    given = probes(20)
    first, again, other = (student.run(bench.augmented, given, seed, True) for seed in (6, 6, 7))
    assert_same(again, first, "the films of the same generator")
    check(float(np.abs(other - first).max()) > 0.01, "another generator gives the same films")
    assert_same(student.run(bench.augmented, given, 6, False), given, "the films with train=False")


@graded("p3.augment", points=0, rung="random")
def test_augment_leaves_films_readable(student, bench, rng):
    """Of the films that a reader can read it can still read three in four when they are augmented."""
    given, labels = SHARED.clear_films(120, rng)
    seed = int(rng.integers(2**31))
    got = student.run(bench.augmented, given, seed)
    is_film(got, given)
    before = int((read_digits(given) == labels).sum())
    after = int((read_digits(got) == labels).sum())
    check(after >= 0.75 * before, "the films can no longer be read", f"{after} of {before}")


# ---- p3.strategy


@graded("p3.strategy", points=0, rung="interface")
def test_strategy_form(student):
    """STRATEGY names techniques of the list, each with a setting and an effect of the list."""
    for technique, said in student.regularization.STRATEGY.items():
        check(technique in TECHNIQUES, "a technique is not one of TECHNIQUES", f"{technique!r}")
        check(said[1] in EFFECTS, "an effect is not one of EFFECTS", f"{technique}: {said[1]!r}")


# ---- p3.generalise


@graded("p3.generalise", points=1.1, rung="interface")
@pytest.mark.timeout(40)
def test_train_form(student, bench, rng):
    """A network trained on a few films gives finite logits for others, not the same for all."""
    known, new = films({0: 40, 1: 40, 2: 40, 3: 20}, rng), films({4: 12}, rng)
    student.run(bench.hospital_trained, known.images, known.labels, known.hospitals, seed=1)
    logits = student.run(bench.hospital_logits, new.images)
    assert_same(logits.shape, (12, 10), "the shape of the logits")
    check(bool(np.isfinite(logits).all()), "the logits are finite")
    check(float(np.ptp(logits, axis=0).max()) > 1e-4, "all films get the same logits")


@graded("p3.generalise", points=2.2, rung="figures", hint="Have you looked at the films of each hospital?")
@pytest.mark.timeout(80)
def test_hospital_e_in_public(student, gate):
    """Trained on A to D, the network reads films of E: the hidden pass mark, on other films."""
    gate("p3.generalise").judge(student)


def report(name, trained_on, random_val, **accuracy):
    """A row of a table of models."""
    return {"name": name, "trained_on": list(trained_on), "random_val": random_val, "accuracy": accuracy}


# Measured on films like these, five runs each.
MEASURED = [
    report("plain", "ABC", 0.960, A=0.962, B=0.961, C=0.962, D=0.448, E=0.484),
    report("prepared, augmented", "ABC", 0.881, A=0.886, B=0.887, C=0.886, D=0.885, E=0.886),
    report("augmented", "ABC", 0.947, A=0.946, B=0.948, C=0.950, D=0.738, E=0.771),
]


@graded("p3.generalise", points=1.1, rung="figures", hint="Which hospitals say something about the next one?")
def test_deploy_of_the_handout(student):
    """The handout's three models: not the one with the best random validation."""
    assert_same(student.regularization.deploy(MEASURED), "prepared, augmented", "the model to deploy")
    more = [*MEASURED, report("trained on D too", "ABCD", 0.915, A=0.91, B=0.92, C=0.91, D=0.93, E=0.853)]
    assert_same(student.regularization.deploy(more), "prepared, augmented", "the model to deploy, of four")


@graded("p3.generalise", points=0, rung="random")
def test_deploy_does_not_look_at_the_order(student, rng):
    """The same model wherever it stands in the table."""
    for _ in range(4):
        order = rng.permutation(len(MEASURED)).tolist()
        got = student.regularization.deploy([MEASURED[at] for at in order])
        assert_same(got, "prepared, augmented", "the model to deploy, in another order")
