"""Public tests of overfitting.py: form, the handout's figures, laws that hold for any right answer."""

import math

import numpy as np
import pytest

from grader.datasets.digits import HARD, digits
from grader.testing import Images, assert_close, assert_same, check, graded

INTERVENTIONS = {
    *("any_rotation", "augmentation", "dropout", "dropout_and_decay", "early_stopping"),
    *("label_smoothing", "long_augmentation", "longer_training", "mirror", "weight_decay"),
}
IMPACTS = {"raises_accuracy", "hurts_accuracy", "lowers_loss_only", "no_clear_effect"}
CHANGES = {
    *("with_800_images", "sixteen_features", "thirty_percent_wrong"),
    *("turns_alone", "upside_down"),
}
WIDEST = 0.25

# ---- p3.rank


@graded("p3.rank", points=0.6, rung="interface")
def test_rank_form(student):
    """rank gives a list of sets that holds every name once."""
    runs = {"alone": [0.5, 0.52], "best": [0.9, 0.92], "worst": [0.25, 0.25]}
    groups = student.overfitting.rank(runs)
    names = [name for group in groups for name in group]
    assert_same(len(names), 3, "the number of names in all sets")
    assert_same(set(names), set(runs), "the names")


@graded("p3.rank", points=0.9, rung="figures")
def test_rank_of_the_docstring(student):
    """a and b cannot be told apart, c is worse."""
    got = student.overfitting.rank({"a": [0.7, 0.8], "b": [0.7, 0.7], "c": [0.1, 0.2]})
    assert_same(got, [{"a", "b"}, {"c"}], "the groups")


@graded("p3.rank", points=0.9, rung="figures", hint="Whose distance counts: the neighbour's or the leader's?")
def test_rank_of_the_handout(student):
    """Of the handout's five interventions early stopping ties with dropout, and nothing does not."""
    runs = {
        "early stopping": [0.56, 0.51, 0.52, 0.56],
        "nothing": [0.53, 0.51, 0.51, 0.54],
        "dropout": [0.58, 0.55, 0.55, 0.58],
        "augmentation": [0.69, 0.68, 0.73, 0.74],
        "mirrors too": [0.67, 0.69, 0.66, 0.72],
    }
    wanted = [{"augmentation", "mirrors too"}, {"dropout", "early stopping"}, {"nothing"}]
    assert_same(student.overfitting.rank(runs), wanted, "the groups")


@graded("p3.rank", points=0, rung="random")
def test_rank_is_a_matter_of_differences(student, rng):
    """A constant added to every accuracy, or another order of the entries, changes nothing."""
    for _ in range(5):
        runs = {f"arm {k}": rng.uniform(0.2, 0.4, 5).tolist() for k in range(6)}
        moved = {name: [one + 0.25 for one in runs[name]] for name in rng.permutation(list(runs)).tolist()}
        assert_same(student.overfitting.rank(moved), student.overfitting.rank(runs), "the groups")


# ---- p3.impact


@graded("p3.impact", points=0, rung="interface")
def test_impact_form(student):
    """IMPACT gives one of the four impacts to each of the interventions."""
    said = student.overfitting.IMPACT
    assert_same(set(said), INTERVENTIONS, "the keys of IMPACT")
    check(set(said.values()) <= IMPACTS, "an impact is not one of IMPACTS", f"{set(said.values()) - IMPACTS}")


# ---- p3.early_stopping


def numbers_of_a_training(rng, epochs):
    """Weights of a small model before each epoch, and of the model that is restored."""
    weights = rng.integers(1, 4000, size=(epochs + 1, 15)) / 8.0
    weights[:, -1] = rng.integers(1, 4000, size=epochs + 1)  # BatchNorm counts its batches in whole numbers
    return weights.astype(np.float32)


def watched(student, bench, rng, losses, *, patience, min_delta=0.0, epochs=None):
    """What EarlyStopping did, and the weights it was shown."""
    weights = numbers_of_a_training(rng, len(losses))
    epochs = epochs or list(range(1, len(losses) + 1))
    return student.run(bench.watch, patience, min_delta, losses, epochs, weights), weights


@graded("p3.early_stopping", points=1.0, rung="interface")
def test_early_stopping_form(student, bench, rng):
    """It can be built, told losses, and restores something else than the last weights."""
    seen, _ = watched(student, bench, rng, [1.0, 0.5, 0.75], patience=2)
    assert_same(len(seen["stop"]), 3, "the number of answers of step")
    check(math.isfinite(seen["best_loss"][-1]), "best_loss is finite after an improvement")
    check(not np.array_equal(seen["before"], seen["restored"]), "restore changes the model")


@graded("p3.early_stopping", points=1.0, rung="figures", hint="Find it: which epoch does the table favour?")
def test_early_stopping_on_the_table(student, bench, rng):
    """The sheet's table with a patience of 2: the fifth row stops, epoch 10 comes back."""
    losses, epochs = [2.10, 0.92, 0.78, 1.24, 1.89], [1, 5, 10, 20, 30]
    seen, weights = watched(student, bench, rng, losses, patience=2, epochs=epochs)
    assert_same(seen["stop"], [False, False, False, False, True], "the answers of step")
    assert_same(seen["best_epoch"][-1], 10, "best_epoch")
    assert_close(seen["best_loss"][-1], 0.78, "best_loss")
    assert_close(seen["restored"], weights[2].astype(float), "what is restored")


@graded("p3.early_stopping", points=1.0, rung="figures", hint="Find it: what is NaN compared with a number?")
def test_early_stopping_after_a_failed_evaluation(student, bench, rng):
    """NaN first, then 2.0, 1.0 and 0.5: with a patience of 3 the sheet's class stops, and nothing should."""
    seen, weights = watched(student, bench, rng, [math.nan, 2.0, 1.0, 0.5], patience=3)
    assert_same(seen["stop"], [False] * 4, "the answers of step")
    assert_same(seen["best_epoch"], [None, 2, 3, 4], "best_epoch after each step")
    assert_close(seen["restored"], weights[3].astype(float), "what is restored")


@graded("p3.early_stopping", points=1.0, rung="figures")
def test_early_stopping_with_min_delta(student, bench, rng):
    """With a min_delta of 0.25 a fall from 1.0 to 0.75 is no improvement, one to 0.625 is."""
    seen, weights = watched(student, bench, rng, [1.0, 0.75, 0.625, 0.5], patience=3, min_delta=0.25)
    assert_same(seen["best_epoch"], [1, 1, 3, 3], "best_epoch after each step")
    assert_same(seen["stop"], [False] * 4, "the answers of step")
    assert_close(seen["restored"], weights[2].astype(float), "what is restored")


@graded("p3.early_stopping", points=0, rung="random")
def test_early_stopping_restores_the_least(student, bench, rng):
    """Without min_delta the least loss comes back, however the losses went."""
    for _ in range(3):
        losses = (rng.permutation(12) / 8.0).tolist()
        seen, weights = watched(student, bench, rng, losses, patience=20)
        assert_close(seen["best_loss"][-1], 0.0, "best_loss")
        assert_close(seen["restored"], weights[losses.index(0.0)].astype(float), "what is restored")


# ---- p3.freeze


def transfer_task(rng, count=12, classes=5):
    """A batch of digits of a new task."""
    images, labels = digits(count, rng, distortion=HARD)
    return {"images": images, "labels": labels % classes}


@graded("p3.freeze", points=0.8, rung="interface")
def test_freeze_form(student, bench, rng):
    """prepare returns an optimizer that can train the model with its new head."""
    seen = student.run(
        bench.fine_tune,
        seed=1,
        width=8,
        classes=10,
        new_classes=5,
        rates=[1e-3, 1e-2],
        unfreeze=None,
        frozen_before=[],
        epochs=1,
        **transfer_task(rng),
    )
    assert_same(seen["head"], [5, 32], "the shape of the new head")
    check("fc" in seen["moved"], "the head learns")


@graded("p3.freeze", points=1.2, rung="figures", hint="Which parameters does the sheet forget?")
def test_freeze_counts(student, bench, rng):
    """By default 18,560 numbers of layer4 and 165 of the head learn, each once in the optimizer, no other."""
    seen = student.run(
        bench.fine_tune,
        seed=2,
        width=8,
        classes=10,
        new_classes=5,
        rates=[1e-4, 1e-3],
        unfreeze=None,
        frozen_before=[],
        epochs=1,
        **transfer_task(rng),
    )
    assert_same(seen["learns"], {"layer4": 18560, "fc": 165}, "the numbers that require a gradient")
    assert_same(seen["strangers"], 0, "what the optimizer holds that is not the model's")
    assert_same(set(seen["rates"]), {"layer4", "fc"}, "the stages in the optimizer")
    assert_same(len(seen["rates"]["fc"]), 2, "weight and bias of the head in the optimizer")
    assert_close(seen["rates"]["fc"], [1e-3] * 2, "the head's rate")
    assert_close(seen["rates"]["layer4"], [1e-4] * len(seen["rates"]["layer4"]), "the rate of layer4")


@graded("p3.freeze", points=1.2, rung="figures", hint="Which BatchNorms does model.train() wake?")
def test_freeze_statistics_stay(student, bench, rng):
    """After three epochs only layer4 and fc have moved, and only layer4 has averaged the new images."""
    seen = student.run(
        bench.fine_tune,
        seed=3,
        width=8,
        classes=10,
        new_classes=5,
        rates=[1e-3, 1e-2],
        unfreeze=None,
        frozen_before=[],
        epochs=3,
        **transfer_task(rng),
    )
    assert_same(set(seen["moved"]), {"layer4", "fc"}, "the stages that moved")
    assert_same(set(seen["averaged"]), {"layer4"}, "the stages whose running statistics moved")


@graded("p3.freeze", points=0, rung="random")
def test_freeze_splits_the_network(student, bench, rng):
    """Whatever is unfrozen: what requires a gradient is what the optimizer holds, and what moves."""
    for unfreeze in ([], ["layer3", "layer4"]):
        seen = student.run(
            bench.fine_tune,
            seed=int(rng.integers(2**31)),
            width=4,
            classes=10,
            new_classes=3,
            rates=[1e-3, 1e-2],
            unfreeze=unfreeze,
            frozen_before=[],
            epochs=2,
            **transfer_task(rng, classes=3),
        )
        assert_same(set(seen["learns"]), {"fc", *unfreeze}, "the stages that require a gradient")
        assert_same(set(seen["rates"]), set(seen["learns"]), "the stages in the optimizer")
        assert_same(set(seen["moved"]), set(seen["learns"]), "the stages that moved")


# ---- p3.predict


@graded("p3.predict", points=0, rung="interface")
def test_prediction_form(student):
    """PREDICTION has its five entries: two intervals, two directions, an order."""
    said = student.overfitting.PREDICTION
    keys = {"accuracy", "gap", "train_loss", "best_epoch", "order"}
    assert_same(set(said), keys, "the keys of PREDICTION")
    for key in ("accuracy", "gap"):
        low, high = said[key]
        check(
            low < high <= low + WIDEST + 1e-9, f"{key} is (low, high), at most {WIDEST} apart", f"{said[key]}"
        )
    check(said["train_loss"] in ("higher", "lower"), "train_loss is 'higher' or 'lower'")
    check(said["best_epoch"] in ("later", "earlier"), "best_epoch is 'later' or 'earlier'")
    assert_same(sorted(said["order"]), sorted(CHANGES), "what is put in order")


# ---- p3.recipe


@graded("p3.recipe", points=0.7, rung="interface")
def test_jitter_form(student, bench, rng, artifacts):
    """jitter changes images, keeps their shape, and leaves the batch that it was given alone."""
    images, labels = digits(40, rng, distortion=HARD)
    bent, left = student.run(bench.jittered, images, seed=5, ambient=1)
    assert_same(bent.shape, images.shape, "the shape of the result")
    check(bool(np.isfinite(bent).all()), "the result is finite")
    shown = np.argsort(labels, kind="stable")[:40:4]
    gray = {"as given": images[shown, 0], "after jitter": bent[shown, 0]}
    artifacts.add(
        Images(
            "jitter",
            "What jitter makes of a batch",
            {key: np.clip((row + 1.5) / 4, 0, 1) for key, row in gray.items()},
        )
    )
    check(float(np.abs(bent - images).mean()) > 0.01, "the images are changed")
    assert_same(left, images, "the batch that was given")


@graded("p3.recipe", points=0, rung="random")
def test_jitter_is_drawn_from_its_generator(student, bench, rng):
    """The same generator gives the same images, another one others; no two images get the same amounts."""
    images, _ = digits(8, rng, distortion=HARD)
    images[1:] = images[0]
    seeds = rng.integers(2**31, size=2).tolist()
    first, _ = student.run(bench.jittered, images, seed=seeds[0], ambient=1)
    again, _ = student.run(bench.jittered, images, seed=seeds[0], ambient=2)
    other, _ = student.run(bench.jittered, images, seed=seeds[1], ambient=1)
    assert_same(again, first, "the images of a generator in the same state")
    check(not np.array_equal(first, other), "another generator gives other images")
    check(float(np.ptp(first, axis=0).max()) > 0.01, "equal images of a batch come out different")


@graded("p3.recipe", points=2.1, rung="figures", hint="Which shipped arm raises the accuracy most?")
@pytest.mark.timeout(75)
def test_recipe_accuracy_in_public(student, gate):
    """200 noisy digits, 1,000 new ones: the hidden pass mark, on other digits."""
    gate("p3.recipe").judge(student)
