"""Public tests of debugging.py: form, figures to check by hand, laws that hold for any network."""

import math
from itertools import pairwise

import numpy as np
import pytest

from grader.datasets.digits import digits
from grader.testing import assert_close, assert_same, check, graded

FAULTS = {
    *("adam_needs_momentum", "default_init", "last_batch_loss", "loss_item_cuts_graph", "lr_too_high"),
    *("missing_softmax", "no_device", "no_normalisation", "no_schedule", "no_seed", "no_train_mode"),
    *("no_validation", "no_zero_grad", "retain_graph_missing", "sigmoid_in_depth", "step_before_backward"),
    *("targets_need_one_hot", "too_few_layers", "unscaled_inputs", "view_breaks_gradient"),
}
WHERE = {"model", "optimizer", "loop", "report"}
EFFECTS = {"stops", "slows", "harmless", "misreports"}
CONFIGURATIONS = {
    *("as_printed", "lr_lowered", "cosine_added", "sigmoid_sgd"),
    *("sigmoid_adam", "relu_adam", "relu_lr_kept", "all_but_lr"),
}
OUTCOMES = {"trains", "stalls", "blows_up"}


def few_digits(count, rng):
    """Images (count, 784) and labels."""
    images, labels = digits(count, seed=rng)
    return images.reshape(count, 784), labels


# ---- p5.issues


@graded("p5.issues", points=0, rung="interface")
def test_issues_form(student):
    """ISSUES names faults of the list, each with a place and an effect of the lists."""
    for fault, said in student.debugging.ISSUES.items():
        check(fault in FAULTS, "a key of ISSUES is not one of FAULTS", f"{fault!r}")
        check(
            set(said) == {"where", "effect"},
            "a fault says where and effect, no more",
            f"{fault}: {set(said)}",
        )
        check(said["where"] in WHERE, "a place is not one of WHERE", f"{fault}: {said['where']!r}")
        check(said["effect"] in EFFECTS, "an effect is not one of EFFECTS", f"{fault}: {said['effect']!r}")


# ---- p5.network


@graded("p5.network", points=0.9, rung="interface")
def test_network_form(student, bench, rng):
    """Logits for each image, whatever the width and the number of classes."""
    for width, classes, count in ((256, 10, 6), (48, 7, 3)):
        images, _ = few_digits(count, rng)
        for train_mode in (True, False):
            logits = student.run(bench.network_logits, width, classes, images, train_mode)
            assert_same(logits.shape, (count, classes), "the shape of the logits")
            check(bool(np.isfinite(logits).all()), "the logits are finite")


@graded("p5.network", points=0.9, rung="figures")
def test_network_layers(student, bench, rng):
    """At the width of the printed script the layers are 784-1024-1024-1024-1024-512-10."""
    images, _ = few_digits(4, rng)
    sizes = [784, 1024, 1024, 1024, 1024, 512, 10]
    got = student.run(bench.network_layers, 1024, 10, images)
    assert_same(got, list(pairwise(sizes)), "(inputs, outputs) of the linear layers")


@graded("p5.network", points=0.9, rung="figures", hint="sqrt(2 / fan_in): 2 for the ReLU, fan_in for the sum")
def test_network_initial_deviation(student, bench, rng):
    """The hidden weights start with He's deviation: 0.0505 in the first layer, 0.0884 behind 256 units."""
    images, _ = few_digits(4, rng)
    weights = student.run(bench.initial_weights, 256, 10, images, 0)
    assert_same(len(weights), 6, "the number of linear layers")
    for at, (weight, want) in enumerate(zip(weights, (0.0505, *[0.0884] * 4), strict=False)):
        got = float(weight.std())
        fits = abs(got / want - 1) <= 0.1
        check(fits, f"the weights of hidden layer {at + 1} have another deviation", f"{got:.4f}, not {want}")


@graded("p5.network", points=0.9, rung="figures", hint="What multiplies the gradient by 0.25 at most?")
def test_network_gradient_reaches_the_first_layer(student, bench, rng):
    """In a fresh network the first layer's gradient is neither a thousandth nor a thousandfold the head's."""
    images, labels = few_digits(128, rng)
    norms = student.run(bench.gradient_norms, 256, 10, images, labels, 0)
    assert_same(len(norms), 6, "the number of linear layers")
    check(norms[-1] > 0, "the head gets a gradient")
    ratio = norms[0] / norms[-1]
    check(
        0.05 <= ratio <= 20, "the gradient does not reach the first layer as it should", f"ratio {ratio:.2g}"
    )


@graded("p5.network", points=0, rung="random")
def test_network_looks_at_one_image_at_a_time(student, bench, rng):
    """In eval mode an image's logits do not depend on the images beside it."""
    images, _ = few_digits(5, rng)
    together, alone = student.run(bench.one_by_one, 32, 10, images, 0)
    assert_close(together, alone, "the logits of a batch, and of its images one by one")
    check(float(np.ptp(alone, axis=0).min()) > 0, "different images get different logits")


# ---- p5.train


def linear_classifier(features, classes):
    """A single linear layer of zeros."""
    return [np.zeros((classes, features), np.float32)], [np.zeros(classes, np.float32)]


@graded("p5.train", points=2.0, rung="interface")
def test_train_form(student, bench, rng):
    """train gives one dict of loss and lr for each epoch, and moves the parameters."""
    weights, biases = linear_classifier(3, 4)
    inputs = rng.normal(size=(6, 3)).astype(np.float32)
    history, moved = student.run(
        bench.train_perceptron, weights, biases, inputs, np.array([0, 1, 2, 3, 0, 1]), [4, 2], epochs=3
    )
    assert_same(len(history), 3, "the number of epochs in the history")
    check(all(math.isfinite(row["loss"]) for row in history), "every loss is finite")
    check(all(np.abs(part).max() > 0 for part in moved), "every parameter has moved")


@graded("p5.train", points=2.0, rung="figures", hint="Which epoch does the recorded rate belong to?")
def test_train_rates_of_100_epochs(student, bench):
    """Over 100 epochs the rate goes from 0.001 by 0.0005 in epoch 50 to 2.467e-07 in the last."""
    weights, biases = linear_classifier(2, 2)
    inputs, targets = np.eye(2, dtype=np.float32), np.array([0, 1])
    history, _ = student.run(bench.train_perceptron, weights, biases, inputs, targets, [1, 1], epochs=100)
    assert_same(len(history), 100, "the number of epochs in the history")
    for epoch, want in ((0, 0.001), (50, 0.0005), (99, 2.4672e-07)):
        assert_close(history[epoch]["lr"], want, f"the rate of epoch {epoch}")


@graded("p5.train", points=2.0, rung="figures", hint="Divide by the number of samples, not of batches.")
def test_train_loss_of_the_handout(student, bench):
    """A network that knows nothing has ln 10 = 2.302585; the handout's unequal batches have 0.562335."""
    weights, biases = linear_classifier(2, 10)
    inputs = np.ones((5, 2), np.float32)
    history, _ = student.run(bench.train_perceptron, weights, biases, inputs, np.arange(5), [5], epochs=1)
    assert_close(history[0]["loss"], 2.302585, "the loss of a network of zeros on ten classes")
    weights, biases = linear_classifier(2, 2)
    biases = [np.log(np.array([3.0, 1.0])).astype(np.float32)]
    inputs, targets = np.zeros((4, 2), np.float32), np.array([0, 0, 0, 1])
    # At a rate this small the network stays as it is, so the losses are those of the handout's table.
    history, _ = student.run(
        bench.train_perceptron, weights, biases, inputs, targets, [3, 1], epochs=1, lr=1e-9
    )
    assert_close(history[0]["loss"], 0.562335, "the loss of batches of three and one")


@graded("p5.train", points=2.0, rung="figures", hint="What stands in .grad when the optimizer steps?")
def test_train_first_step_of_adam(student, bench):
    """After one batch every weight has moved by the rate, 0.001 by default, down its gradient."""
    weights, biases = linear_classifier(4, 3)
    inputs, targets = np.full((5, 4), 0.7, np.float32), np.zeros(5, np.int64)
    _, moved = student.run(bench.train_perceptron, weights, biases, inputs, targets, [5], epochs=1)
    want = np.array([0.001, -0.001, -0.001])
    assert_close(moved[1], want, "the movement of the biases")
    assert_close(moved[0], np.repeat(want[:, None], 4, axis=1), "the movement of the weights")


@graded("p5.train", points=0, rung="random")
def test_train_reports_the_loss_before_the_update(student, bench, rng):
    """The first epoch's loss on a single batch is that of the network as it was handed over."""
    for _ in range(3):
        weights = [rng.normal(size=(4, 6)).astype(np.float32)]
        biases = [rng.normal(size=4).astype(np.float32)]
        inputs = rng.normal(size=(8, 6)).astype(np.float32)
        targets = rng.integers(4, size=8)
        logits = inputs @ weights[0].T + biases[0]
        wanted = np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(8), targets]
        history, _ = student.run(
            bench.train_perceptron, weights, biases, inputs, targets, [8], epochs=2, lr=0.01
        )
        assert_close(history[0]["loss"], float(wanted.mean()), "the loss of the first epoch")
        check(history[1]["loss"] < history[0]["loss"], "the second epoch's loss on the same batch is lower")


# ---- p5.plateau


@graded("p5.plateau", points=0.2, rung="interface")
def test_plateau_form(student):
    """PLATEAU gives one of the outcomes to each of the eight configurations."""
    said = student.debugging.PLATEAU
    assert_same(set(said), CONFIGURATIONS, "the keys of PLATEAU")
    check(
        set(said.values()) <= OUTCOMES,
        "an outcome is not one of OUTCOMES",
        f"{set(said.values()) - OUTCOMES}",
    )


@graded("p5.plateau", points=0.4, rung="figures")
def test_chance_loss_figures(student):
    """ln 10 for ten digits, 0.6931 for two classes."""
    assert_close(student.debugging.chance_loss(10), 2.302585093, "chance_loss(10)")
    assert_close(student.debugging.chance_loss(2), 0.6931471806, "chance_loss(2)")


@graded("p5.plateau", points=0, rung="random")
def test_chance_loss_of_a_product(student, rng):
    """Guessing one of a * b classes costs what guessing one of a and then one of b costs."""
    for a, b in rng.integers(2, 500, size=(5, 2)).tolist():
        chance = student.debugging.chance_loss
        assert_close(chance(a * b), float(chance(a)) + float(chance(b)), "chance_loss of a product")


# ---- p5.accuracy


@graded("p5.accuracy", points=0.6, rung="interface")
def test_digits_run_form(student, bench, rng):
    """A short run on a few digits ends with finite logits."""
    (images, labels), (tests, _) = digits(256, seed=rng), digits(20, seed=rng)
    history = student.run(bench.digits_trained, images, labels, seed=0, epochs=1)
    logits = student.run(bench.digits_logits, tests)
    assert_same(len(history), 1, "the number of epochs in the history")
    assert_same(logits.shape, (20, 10), "the shape of the logits")
    check(bool(np.isfinite(logits).all()), "the logits are finite")


@graded("p5.accuracy", points=1.8, rung="figures", hint="Do p5.network and p5.train pass?")
@pytest.mark.timeout(60)
def test_digits_accuracy_in_public(student, gate):
    """Three epochs on 6,400 digits recognise new ones: the hidden pass mark, on other digits."""
    gate("p5.accuracy").judge(student)


# ---- p5.speed


def small_batches(rng, sizes, features=6, classes=3):
    """Batches of these sizes, and their targets."""
    inputs = [rng.normal(size=(size, features)).astype(np.float32) for size in sizes]
    return inputs, [rng.integers(classes, size=size) for size in sizes]


@graded("p5.speed", points=0.4, rung="interface")
def test_speed_every_batch_is_seen(student, bench, rng):
    """Every batch is trained on."""
    inputs, targets = small_batches(rng, (4, 4, 2))
    seen = student.run(bench.witness_training, inputs, targets, 3, epochs=1)
    sums = np.array([batch.sum() for batch in inputs])
    assert_close(np.array(seen["backward"]), sums, "the sums over the batches that were trained on")


@graded("p5.speed", points=0.6, rung="figures", hint="What does each line of your loop compute?")
def test_speed_one_of_each(student, bench, rng):
    """Five batches in two epochs are ten forward passes, ten backward passes and ten steps."""
    inputs, targets = small_batches(rng, (4, 4, 4, 4, 3))
    seen = student.run(bench.witness_training, inputs, targets, 3, epochs=2)
    assert_same(len(seen["forward"]), 10, "the number of forward passes")
    assert_same(len(seen["backward"]), 10, "the number of backward passes")
    check(seen["steps"] <= 10, "the optimizer steps more than once a batch", f"{seen['steps']} steps")


@graded("p5.speed", points=0.6, rung="figures", hint="Which of your variables holds on to a batch's graph?")
def test_speed_nothing_kept(student, bench, rng):
    """When a batch is trained on, nothing of the batches before the last one is still in memory."""
    inputs, targets = small_batches(rng, [4] * 12)
    seen = student.run(bench.witness_training, inputs, targets, 3, epochs=1)
    assert_same(len(seen["forward"]), 12, "the number of forward passes")
    for what in ("graphs", "outputs"):
        alive = seen[f"most_{what}"]
        check(alive <= 2, f"memory grows with every batch: its {what} stay", f"{alive} were alive at once")
