"""Public tests of optimizer_choice.py: form, figures to check by hand, laws that hold for any run."""

import math

import numpy as np

from grader.testing import assert_close, assert_same, check, graded

PLAIN = {
    "optimizer": "sgd",
    "lr": 0.1,
    "momentum": 0.0,
    "betas": (0.9, 0.999),
    "weight_decay": 0.0,
    "schedule": "constant",
    "warmup_steps": 0,
    "milestones": (),
    "gamma": 1.0,
    "final_fraction": 0.0,
    "step_on": "batch",
}
SIZES = {
    "prototype": {"samples": 10_000, "batch_size": 64, "epochs": 3},
    "production": {"samples": 1_200_000, "batch_size": 256, "epochs": 100},
    "finetuning": {"samples": 5_000, "batch_size": 32, "epochs": 3},
}

REASON_IDS = {
    "adam_cannot_diverge",
    "adam_needs_no_learning_rate",
    "decay_seeks_sharp_minimum",
    "decoupled_decay",
    "defaults_work_untuned",
    "fast_early_progress",
    "flat_minima_often_claimed",
    "high_rate_then_decay",
    "l2_in_adam_equals_decay",
    "momentum_sgd_strong_on_cnns",
    "more_warmup_is_always_safer",
    "per_parameter_step_sizes",
    "schedule_not_needed_yet",
    "sgd_always_generalises_better",
    "small_data_needs_large_steps",
    "small_steps_keep_features",
    "time_to_tune",
    "warmup_calms_first_steps",
    "warmup_must_fit_run",
    "warmup_revives_dead_relus",
}


def ones(steps, size=1.0):
    """Gradients of the same size for two 1x1 matrices, for every step."""
    return [[np.full((1, 1), size), np.full((1, 1), size)] for _ in range(steps)]


def driven(student, bench, choice, epochs=1, steps_per_epoch=4, gradient=1.0):
    """Trains two weights of 1 with the same gradient at every step."""
    return student.run(
        bench.drive,
        choice={**PLAIN, **choice},
        epochs=epochs,
        steps_per_epoch=steps_per_epoch,
        weights=[np.ones((1, 1)), np.ones((1, 1))],
        gradients=ones(epochs * steps_per_epoch, gradient),
    )


# ---- p1.warmup


@graded("p1.warmup", points=0.6, rung="interface")
def test_warmup_form(student):
    """warmup_steps returns a whole number, peak_factor a share between 0 and 1."""
    steps = student.optimizer_choice.warmup_steps(samples=640, batch_size=64, epochs=4, fraction=0.5)
    check(int(steps) > 0, "half of a run is not 0 steps")
    factor = float(student.optimizer_choice.peak_factor(samples=640, batch_size=64, epochs=4, warmup=80))
    check(0 < factor < 1, "a warm-up of twice the run reaches a part of the peak")


@graded("p1.warmup", points=0.8, rung="figures")
def test_warmup_figures(student):
    """A tenth and a half of 3 epochs over 50,000 samples in batches of 32."""
    got = student.optimizer_choice.warmup_steps(samples=50_000, batch_size=32, epochs=3, fraction=0.1)
    assert_same(got, 468, "the warm-up steps")
    got = student.optimizer_choice.warmup_steps(samples=50_000, batch_size=32, epochs=3, fraction=0.5)
    assert_same(got, 2344, "the warm-up steps of half a run, whose last batches are smaller")
    got = student.optimizer_choice.peak_factor(samples=50_000, batch_size=32, epochs=3, warmup=468)
    assert_close(got, 1.0, "the share of the peak that this run reaches")


@graded("p1.warmup", points=0, rung="random")
def test_warmup_laws(student, rng):
    """Epochs without a smaller last batch: twice the epochs give twice the steps, and half a run its half."""
    for _ in range(5):
        batch, batches, epochs = (int(number) for number in rng.integers(2, 40, size=3))
        asked = {"samples": batch * batches, "batch_size": batch, "epochs": 2 * epochs}
        half = student.optimizer_choice.warmup_steps(**asked, fraction=0.5)
        assert_same(half, batches * epochs, "the steps of half a run")
        asked["epochs"] = epochs
        whole = student.optimizer_choice.warmup_steps(**asked, fraction=1.0)
        assert_same(whole, half, "the steps of a run of half as many epochs")


# ---- p1.choose


@graded("p1.choose", points=1.2, rung="interface")
def test_choose_form(student, bench):
    """choose returns a legal Choice for each kind of scenario."""
    for kind, sizes in SIZES.items():
        got = student.run(bench.chosen, kind=kind, **sizes)
        check(got.optimizer in ("sgd", "adam", "adamw"), f"{kind}: the optimizer is none of the three")
        check(
            got.schedule in ("constant", "linear", "cosine", "step"),
            f"{kind}: the schedule is none of the four",
        )
        check(got.step_on in ("batch", "epoch"), f"{kind}: step_on is neither batch nor epoch")
        check(0 < float(got.lr) < math.inf, f"{kind}: the learning rate is not a positive number")
        check(int(got.warmup_steps) >= 0, f"{kind}: the number of warm-up steps is negative")
        check(float(got.weight_decay) >= 0, f"{kind}: the weight decay is negative")


@graded("p1.choose", points=0, rung="random", hint="Count the steps of the run that is asked for.")
def test_choose_laws(student, bench, rng):
    """Three different peaks, and a warm-up that is shorter than its run."""
    peaks = []
    for kind, sizes in SIZES.items():
        run = {**sizes, "samples": int(sizes["samples"] * rng.uniform(0.8, 1.2))}
        got = student.run(bench.chosen, kind=kind, **run)
        total = run["epochs"]
        if got.step_on == "batch":
            total *= math.ceil(run["samples"] / run["batch_size"])
        check(int(got.warmup_steps) < total, f"{kind}: the warm-up is not shorter than the run")
        peaks.append(float(got.lr))
    check(len(set(peaks)) == 3, "the three scenarios do not have three different learning rates")


# ---- p1.build


@graded("p1.build", points=1.2, rung="interface")
def test_build_form(student, bench):
    """build returns a torch optimizer over all weights, something that schedules it, and a unit."""
    got = driven(student, bench, {"lr": 0.25})
    assert_close(got["rates"][0], np.full(2, 0.25), "the learning rate of both weights at the first step")
    check(bool(np.all(got["movement"][-1] != 0)), "every weight of the model is trained")


@graded("p1.build", points=2.0, rung="figures")
def test_build_schedules(student, bench):
    """Learning rates of three runs: a constant one, a cosine over epochs, a warm-up with a linear decay."""
    got = driven(student, bench, {"optimizer": "adam", "lr": 1e-3})
    assert_close(got["rates"][:, 0], np.full(4, 1e-3), "the rates of the constant run")

    cosine = {"momentum": 0.9, "schedule": "cosine", "step_on": "epoch"}
    got = driven(student, bench, cosine, epochs=8, steps_per_epoch=2)["rates"][:, 0]
    assert_close(got[[0, 1]], np.array([0.1, 0.1]), "the rates of both batches of epoch 0")
    assert_close(got[[8, 9]], np.array([0.05, 0.05]), "the rates of both batches of epoch 4 of 8")

    linear = {"optimizer": "adamw", "lr": 2e-5, "schedule": "linear", "warmup_steps": 5}
    got = driven(student, bench, linear, epochs=3, steps_per_epoch=7)["rates"][:, 0]
    want = np.array([0.0, 4e-6, 2e-5, 1e-5, 1.25e-6])
    assert_close(got[[0, 1, 5, 13, 20]], want, "the rates at steps 0, 1, 5, 13 and 20 of 21")

    steps = {"schedule": "step", "milestones": (1, 3), "gamma": 0.5}
    got = driven(student, bench, steps, epochs=4, steps_per_epoch=3)["rates"][:, 0]
    want = np.repeat([0.1, 0.05, 0.05, 0.025], 3)
    assert_close(got, want, "the rates of four epochs with milestones 1 and 3")


@graded("p1.build", points=1.6, rung="figures")
def test_build_optimizers(student, bench):
    """What the first two steps do to a weight of 1: momentum, decay in SGD, in Adam and in AdamW."""
    got = driven(student, bench, {"momentum": 0.9})["movement"][:2, 0]
    assert_close(got, np.array([-0.1, -0.29]), "momentum 0.9 with a gradient of 1")
    got = driven(student, bench, {"weight_decay": 0.5}, gradient=0.0)["movement"][:2, 0]
    assert_close(got, np.array([-0.05, -0.0975]), "SGD with weight decay 0.5 and no gradient")
    for optimizer, want in (("adam", [-0.1, -0.19958777]), ("adamw", [-0.05, -0.0975])):
        choice = {"optimizer": optimizer, "weight_decay": 0.5}
        got = driven(student, bench, choice, gradient=0.0)["movement"][:2, 0]
        assert_close(got, np.array(want), f"{optimizer} with weight decay 0.5 and no gradient")


@graded("p1.build", points=0, rung="random")
def test_build_laws(student, bench, rng):
    """Twice the peak doubles the rate at every step, and no rate lies above the peak."""
    choice = {"optimizer": "adamw", "schedule": "cosine", "warmup_steps": int(rng.integers(2, 6))}
    peak = float(rng.uniform(0.01, 0.1))
    once, twice = (
        driven(student, bench, {**choice, "lr": lr}, epochs=2, steps_per_epoch=8)["rates"][:, 0]
        for lr in (peak, 2 * peak)
    )
    check(float(once.max()) > 0.9 * peak, "the rate comes near its peak")
    check(float(once.max()) < 1.001 * peak, "no rate lies above the peak")
    assert_close(twice, 2 * once, "the rates at twice the peak")


# ---- p1.reasons


@graded("p1.reasons", points=0, rung="closed")
def test_reasons_form(student):
    """REASONS has a set of names for each kind of scenario."""
    got = student.optimizer_choice.REASONS
    assert_same(set(got), set(SIZES), "the keys")
    for kind in SIZES:
        check(bool(got[kind]), f"{kind}: no reason is named")
        unknown = got[kind] - REASON_IDS
        check(not unknown, f"{kind}: a name is not in the handout's list of reasons", str(sorted(unknown)))
