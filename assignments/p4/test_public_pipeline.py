"""Public tests of pipeline.py: form, figures of the handout, laws that hold for any plan."""

import math

import numpy as np

from grader.testing import Curves, assert_close, assert_same, check, graded

# ---- p4.budget

KEYS = {"steps_per_epoch", "steps", "seconds_per_epoch", "hours", "fits"}


@graded("p4.budget", points=0.5, rung="interface")
def test_budget_form(student):
    """Two dicts with their keys and a list of epochs."""
    ask = student.pipeline
    got = ask.budget(images=1000, batch=300, epochs=9, seconds_per_step=2.0, drop_last=True)
    assert_same(set(got), KEYS, "the keys of budget")
    check(isinstance(got["fits"], bool), '"fits" is True or False')
    whole = (got["steps_per_epoch"], got["steps"])
    check(all(isinstance(number, int) for number in whole), "numbers of steps are whole: int")
    got = ask.allowance(samples=1000, batch=300, steps=10, days=0.5)
    assert_same(set(got), {"steps_per_epoch", "epochs", "seconds_per_step"}, "the keys of allowance")
    check(isinstance(got["steps_per_epoch"], int), "numbers of steps are whole: int")
    check(len(ask.validation_epochs(epochs=10, every=4)) > 0, "no epoch is validated")


@graded("p4.budget", points=0.5, rung="figures")
def test_budget_examples(student):
    """The examples of the docstrings, and the captioner's week."""
    ask = student.pipeline
    got = ask.budget(images=1000, batch=300, epochs=9, seconds_per_step=2.0, drop_last=False)
    want = {"steps_per_epoch": 4, "steps": 36, "seconds_per_epoch": 8.0, "hours": 0.02, "fits": True}
    assert_close(got, want, "1,000 images in batches of 300")
    got = ask.budget(images=1000, batch=300, epochs=9, seconds_per_step=2.0, drop_last=True)
    want = {"steps_per_epoch": 3, "steps": 27, "seconds_per_epoch": 6.0, "hours": 0.015, "fits": True}
    assert_close(got, want, "1,000 images in batches of 300 with drop_last")
    got = ask.allowance(samples=1000, batch=300, steps=10, days=0.5)
    want = {"steps_per_epoch": 4, "epochs": 2.5, "seconds_per_step": 4320.0}
    assert_close(got, want, "10 steps in half a day")
    got = ask.allowance(samples=3_000_000, batch=256, steps=100_000, days=7)
    want = {"steps_per_epoch": 11_719, "epochs": 100_000 / 11_719, "seconds_per_step": 6.048}
    assert_close(got, want, "the captioner's 100,000 steps in a week")
    assert_same(ask.validation_epochs(epochs=10, every=4), [0, 4, 8, 9], "ten epochs, every fourth")


@graded("p4.budget", points=0, rung="random")
def test_budget_laws(student, rng):
    """Hours go with epochs, a dropped batch is one step, and a plan agrees with itself read backwards."""
    for _ in range(4):
        batch, full = int(rng.integers(2, 500)), int(rng.integers(2, 300))
        rest = int(rng.integers(1, batch))
        epochs, seconds = int(rng.integers(2, 200)), float(rng.uniform(0.05, 3.0))
        plan = {"images": batch * full + rest, "batch": batch, "epochs": epochs, "seconds_per_step": seconds}
        kept, dropped = (asked(student, drop_last=drop, **plan) for drop in (False, True))
        assert_same(
            kept["steps_per_epoch"] - dropped["steps_per_epoch"], 1, "steps that drop_last saves an epoch"
        )
        even = asked(student, drop_last=False, **{**plan, "images": batch * full})
        assert_same(even["steps_per_epoch"], full, "the steps of an epoch that the batch divides")
        twice = asked(student, drop_last=False, **{**plan, "epochs": 2 * epochs})
        assert_close(twice["hours"], 2 * float(kept["hours"]), "the hours of twice as many epochs")
        hours = full * epochs * seconds / 3600
        shares = (0.5 / epochs, 0.9, 1.1)  # half an epoch's time, a little less than all, a little more
        fits = [asked(student, drop_last=True, limit_hours=share * hours, **plan)["fits"] for share in shares]
        assert_same(
            fits, [False, False, True], "whether a plan fits into less and into more time than it takes"
        )
        back = student.pipeline.allowance(
            samples=batch * full + rest,
            batch=batch,
            steps=(full + 1) * epochs,
            days=(full + 1) * epochs * seconds,
        )
        want = {"steps_per_epoch": full + 1, "epochs": float(epochs), "seconds_per_step": 86_400 * seconds}
        assert_close(back, want, "allowance for the steps of whole epochs")


def asked(student, **plan):
    """What budget says of a plan, with all of its keys."""
    got = student.pipeline.budget(**plan)
    assert_same(set(got), KEYS, "the keys of budget")
    return got


@graded("p4.budget", points=0, rung="random", hint="Which epoch leaves the network that is kept?")
def test_validation_laws(student, rng):
    """The first epoch and the last are validated, and of the others each multiple once."""
    for _ in range(4):
        epochs, every = int(rng.integers(20, 200)), int(rng.integers(2, 9))
        got = student.pipeline.validation_epochs(epochs=epochs, every=every)
        check(len(got) > 1, "fewer than two epochs are validated")
        assert_same([got[0], got[-1]], [0, epochs - 1], "the first and the last validated epoch")
        check(all(epoch % every == 0 for epoch in got[:-1]), "an epoch is validated that is no multiple")
        assert_same(
            len(got) - 1, math.ceil((epochs - 1) / every), "number of validated epochs before the last"
        )


# ---- p4.configure


@graded("p4.configure", points=0.5, rung="interface")
def test_configure_form(student, bench, artifacts):
    """configure returns an optimizer over the model's parameters and a schedule that can be stepped."""
    got = student.run(bench.rates, batch=256, epochs=30)
    artifacts.add(
        Curves("rate", "Learning rate of your configuration, 30 epochs", {"rate": [high for _, high in got]})
    )
    check(all(0 <= low <= high for low, high in got), "a learning rate is negative or not a number")
    check(max(high for _, high in got) > 0, "the learning rate is 0 throughout")
    got = student.run(bench.held, model="plain", width=4)
    assert_same(got["strangers"], 0, "the number of parameters that are not the model's")


@graded("p4.configure", points=0.7, rung="figures")
def test_configure_figures(student, bench):
    """The rates of two plans: 256 images and 90 epochs, 512 images and 15 epochs."""
    got = student.run(bench.rates, batch=256, epochs=90)
    want = {0: 0.01, 1: 0.028, 2: 0.046, 3: 0.064, 4: 0.082, 5: 0.1, 6: 0.0999659, 89: 3.4147e-05}
    for epoch, rate in want.items():
        assert_close(got[epoch], [rate, rate], f"lowest and highest rate of epoch {epoch} of 90 at batch 256")
    got = student.run(bench.rates, batch=512, epochs=15)
    for epoch, rate in {0: 0.02, 5: 0.2, 10: 0.1}.items():
        assert_close(got[epoch], [rate, rate], f"lowest and highest rate of epoch {epoch} of 15 at batch 512")


PLAIN = {"model": "plain", "width": 4, "batch": 256, "epochs": 90, "seed": 5}


@graded("p4.configure", points=0.4, rung="figures")
def test_configure_decay(student, bench):
    """Each parameter is in the optimizer once; matrices are decayed by 1e-4, vectors are not."""
    got = student.run(bench.held, model="plain", width=4)
    names = ("0.weight", "1.weight", "1.bias", "4.weight", "4.bias")
    assert_same(got["held"], dict.fromkeys(names, 1), "how often each parameter is in the optimizer")
    got = student.run(bench.decays, **PLAIN)
    for name in names:
        want = np.full(got[name].shape, 1.0 if name in ("0.weight", "4.weight") else 0.0)
        assert_close(got[name], want, f"the weight decay of {name} in units of 1e-4, from what it does")


@graded("p4.configure", points=0.4, rung="figures")
def test_configure_momentum(student, bench):
    """One gradient and none after it: a bias moves by 1.9, 0.81 and 0.729 times the gradient and the rate."""
    moved = student.run(bench.moves, **PLAIN, pushes=[1000.0, 0.0, 0.0])["1.bias"]
    total = np.sum(np.abs(moved), axis=0)
    want = np.array([1.9, 0.81, 0.729])[:, None] / (1.9 + 0.81 + 0.729)
    shares = np.abs(moved) / np.where(total > 0, total, 1.0)
    assert_close(shares, want * np.ones_like(total), "the three moves, over their sum")


@graded(
    "p4.configure",
    points=0,
    rung="random",
    hint="The rate goes with the batch; the warm-up's length does not.",
)
def test_configure_laws(student, bench, rng):
    """A straight line to epoch 5, a symmetric fall from there, and rates in proportion to the batch."""
    for _ in range(3):
        epochs, batch = 6 + 2 * int(rng.integers(3, 60)) + 1, 8 * int(rng.integers(2, 300))
        got = [high for _, high in student.run(bench.rates, batch=batch, epochs=epochs)]
        peak = 0.1 * batch / 256
        line = [peak * (0.1 + 0.18 * epoch) for epoch in range(6)]
        assert_close(got[:6], line, "the rates of the first six epochs")
        half = (epochs - 5) // 2
        away = int(rng.integers(1, half))
        pair = got[5 + half - away] + got[5 + half + away]
        assert_close(pair, peak, "two rates as far before as behind the middle of the cosine, together")
        check(got[5 + half - away] > got[5 + half + away], "the rate does not fall after the warm-up")


# ---- p4.stability

NAMES = {
    "moderate_rate",
    "moderate_rate_zero_init",
    "high_rate",
    "high_rate_zero_init",
    "high_rate_clipped",
    "zero_init_without_shortcuts",
}
OUTCOMES = {"dead", "blows_up", "trains", "lags"}


@graded("p4.stability", points=0.2, rung="interface")
def test_stability_form(student):
    """attainable answers yes or no; STABILITY names an outcome for each of the six configurations."""
    got = [student.pipeline.attainable(images_per_class=n, top1=p) for n, p in ((20, 0.9), (1000, 0.1))]
    assert_same(got, [False, True], "whether 0.9 is attainable with 20 images a class, and 0.1 with 1,000")
    said = student.pipeline.STABILITY
    assert_same(set(said), NAMES, "the names in STABILITY")
    check(set(said.values()) <= OUTCOMES, "an outcome is none of stability.OUTCOMES", str(set(said.values())))


@graded("p4.stability", points=0.4, rung="figures")
def test_attainable_figures(student):
    """The example of the docstring, ImageNet itself, and a thousand images a class."""
    asked = {
        (41, 0.40): True,
        (41, 0.42): False,
        (41, 0.60): False,
        (1000, 0.70): True,
        (1000, 0.75): False,
        (1100, 0.75): True,
        (1281, 0.75): True,
    }
    ask = student.pipeline.attainable
    # All are asked before the first is judged: which of them are wrong tells what was misunderstood.
    got = [ask(images_per_class=images, top1=top1) for images, top1 in asked]
    for (images, top1), said in zip(asked, got, strict=True):
        assert_same(said, asked[images, top1], f"whether {top1} is attainable with {images} images a class")


@graded("p4.stability", points=0, rung="random")
def test_attainable_laws(student, rng):
    """What is attainable stays so with more images and for less, and not everything is."""
    ask = student.pipeline.attainable
    for _ in range(5):
        images = int(rng.integers(15, 1200))
        answers = [
            ask(images_per_class=images, top1=top1) for top1 in (0.01, *[at / 20 for at in range(1, 20)])
        ]
        assert_same(answers, sorted(answers, reverse=True), "answers for rising accuracies")
        assert_same([answers[0], answers[-1]], [True, False], "whether 0.01 and 0.95 are attainable")
        more = [
            ask(images_per_class=2 * images, top1=top1) for top1 in (0.01, *[at / 20 for at in range(1, 20)])
        ]
        check(sum(more) >= sum(answers), "with more images less is attainable")
