"""Public tests of optimizers.py: form, figures to check by hand, laws that hold for any input."""

import math

import numpy as np

from grader.testing import assert_close, assert_same, check, graded


def steps_of_one(student, bench, rule, gradients, start=1.0, **settings):
    """Where a tensor with one number goes."""
    return student.run(
        bench.stepped,
        rule=rule,
        starts=[np.array([start])],
        gradients=[[np.array([gradient])] for gradient in gradients],
        settings=[settings] * len(gradients),
    )[0][:, 0]


# ---- p2.schedules


@graded("p2.schedules", points=0.7, rung="interface")
def test_schedules_form(student):
    """Each of the five functions returns a number."""
    ask = student.optimizers
    numbers = [
        ask.linear_warmup_decay(step=3, total=10, warmup=2),
        ask.warmup_cosine(step=3, total=10, warmup=2, floor=0.1),
        ask.multi_step(epoch=3, milestones=[2], gamma=0.5),
        ask.last_factor(epochs=4, milestones=[2], gamma=0.5),
        ask.scaled_lr(base=0.1, batch=128),
    ]
    check(all(0 < float(number) <= 1 for number in numbers), "these five numbers lie between 0 and 1")


@graded("p2.schedules", points=0.8, rung="figures")
def test_schedules_figures(student):
    """The examples of the handout: BERT's warm-up of 468 steps, a cosine with a floor, 0.8 for 2,048."""
    ask = student.optimizers
    got = [ask.linear_warmup_decay(step=step, total=4689, warmup=468) for step in (0, 234, 468, 4689)]
    assert_close(got, [0.0, 0.5, 1.0, 0.0], "the linear factors at steps 0, 234, 468 and 4689 of 4689")
    got = [ask.warmup_cosine(step=step, total=100, warmup=20, floor=0.1) for step in (5, 20, 60, 100)]
    assert_close(got, [0.25, 1.0, 0.55, 0.1], "the cosine factors at steps 5, 20, 60 and 100 of 100")
    got = [ask.multi_step(epoch=epoch, milestones=[30, 60], gamma=0.1) for epoch in (29, 30, 60)]
    assert_close(got, [1.0, 0.1, 0.01], "the factors of epochs 29, 30 and 60")
    assert_close(ask.scaled_lr(base=0.1, batch=2048), 0.8, "the rate for batches of 2,048")


@graded("p2.schedules", points=0, rung="random")
def test_schedules_laws(student, rng):
    """Straight lines are straight, a cosine is symmetric, and no factor leaves [0, 1]."""
    ask = student.optimizers
    for _ in range(4):
        warmup, half = int(rng.integers(2, 20)), int(rng.integers(5, 40))
        total = warmup + 2 * half
        away = int(rng.integers(1, half))
        for name, extra in (("linear_warmup_decay", {}), ("warmup_cosine", {"floor": 0.0})):
            at = [
                getattr(ask, name)(step=step, total=total, warmup=warmup, **extra)
                for step in (warmup + half - away, warmup + half + away, warmup, total + 5)
            ]
            assert_close(float(at[0]) + float(at[1]), 1.0, f"{name} on both sides of the middle, together")
            assert_close(at[2:], [1.0, 0.0], f"{name} after the warm-up and behind the run")


# ---- p2.updates


def one_step(student, bench, rule):
    start, gradient = np.array([[1.0, -2.0], [0.5, 3.0]]), np.array([[0.5, 0.5], [-1.0, 2.0]])
    got = student.run(bench.kept_type, rule=rule, start=start, gradient=gradient, settings={"lr": 0.1})
    assert_same(list(got.shape), [2, 2], f"the shape of what {rule} returns")
    check(got.dtype == np.float64, f"{rule} does not keep the dtype of the parameter")
    check(bool(np.all(np.isfinite(got))), f"{rule} gives numbers that are not finite")


@graded("p2.updates", points=0.6, rung="interface")
def test_sgd_form(student, bench):
    """sgd_step returns a tensor like the parameter."""
    one_step(student, bench, "sgd_step")


@graded("p2.updates", points=0.7, rung="interface")
def test_adam_form(student, bench):
    """adam_step returns a tensor like the parameter."""
    one_step(student, bench, "adam_step")


@graded("p2.updates", points=0.7, rung="interface")
def test_adamw_form(student, bench):
    """adamw_step returns a tensor like the parameter."""
    one_step(student, bench, "adamw_step")


@graded("p2.updates", points=1.8, rung="figures")
def test_sgd_figures(student, bench):
    """A weight of 1 under SGD: plain, with momentum, with nesterov, with weight decay."""
    got = steps_of_one(student, bench, "sgd_step", [1.0, 1.0], lr=0.1)
    assert_close(got, np.array([0.9, 0.8]), "two plain steps")
    got = steps_of_one(student, bench, "sgd_step", [1.0, 1.0], lr=0.1, momentum=0.9)
    assert_close(got, np.array([0.9, 0.71]), "two steps with momentum 0.9")
    got = steps_of_one(student, bench, "sgd_step", [1.0, 1.0], lr=0.1, momentum=0.9, nesterov=True)
    assert_close(got, np.array([0.81, 0.539]), "two steps with nesterov")
    got = steps_of_one(student, bench, "sgd_step", [0.0, 0.0], lr=0.1, weight_decay=0.5)
    assert_close(got, np.array([0.95, 0.9025]), "two steps with weight decay 0.5 and no gradient")


@graded("p2.updates", points=2.1, rung="figures")
def test_adam_figures(student, bench):
    """The first step of Adam for three ways of correcting, and what its L2 term does without a gradient."""
    got = [
        steps_of_one(student, bench, "adam_step", [0.5], lr=0.1, bias_correction=corrected)[0]
        for corrected in ("both", "second", "none")
    ]
    first = 0.1 * 0.1 / math.sqrt(0.001)
    assert_close(got, [0.9, 0.99, 1 - first], "the first step with both, second and none corrected")
    got = steps_of_one(student, bench, "adam_step", [0.0], lr=1e-3, weight_decay=0.01)
    assert_close(got, np.array([0.999]), "one step with an L2 term of 0.01 and no gradient")


@graded("p2.updates", points=2.1, rung="figures")
def test_adamw_figures(student, bench):
    """The first steps of AdamW, and what its decoupled decay does without a gradient."""
    got = steps_of_one(student, bench, "adamw_step", [0.5, 0.5], lr=0.1, weight_decay=0.5)
    assert_close(got, np.array([0.85, 0.7075]), "two steps with weight decay 0.5")
    got = steps_of_one(student, bench, "adamw_step", [0.0], lr=1e-3, weight_decay=0.01)
    assert_close(1 - got, np.array([1e-5]), "how far a weight of 1 shrinks without a gradient")


@graded("p2.updates", points=0, rung="random")
def test_update_laws(student, bench, rng):
    """Adam does not feel the scale of its gradients; a step of SGD is linear in its learning rate."""
    gradients = [float(number) for number in rng.normal(size=6)]
    rate = float(rng.uniform(0.01, 0.1))
    for rule in ("adam_step", "adamw_step"):
        asked = {"lr": rate, "eps": 1e-300, "weight_decay": 0.0}
        once = steps_of_one(student, bench, rule, gradients, **asked)
        check(float(np.abs(once - 1).max()) > 0, f"{rule} does not move")
        scaled = steps_of_one(student, bench, rule, [1000 * number for number in gradients], **asked)
        assert_close(scaled, once, f"{rule} with gradients a thousand times as large")
    once, twice = (
        steps_of_one(student, bench, "sgd_step", gradients, lr=lr, momentum=0.9) - 1
        for lr in (rate, 2 * rate)
    )
    check(float(np.abs(once).max()) > 0, "sgd_step does not move")
    assert_close(twice, 2 * once, "sgd_step with twice the learning rate")


# ---- p2.param_groups


@graded("p2.param_groups", points=0.8, rung="interface")
def test_groups_form(student, bench):
    """The groups hold parameters of the model and nothing else, each with a weight decay."""
    got = student.run(bench.grouped, model="convolutional", width=6, weight_decay=0.1)
    assert_same(got["strangers"], 0, "the number of parameters that are not the model's")
    check(any(got["decay"].values()), "no parameter of the model is in any group")


@graded("p2.param_groups", points=2.4, rung="figures")
def test_groups_figures(student, bench):
    """The convolutional network of the handout: two matrices are decayed, four vectors are not."""
    got = student.run(bench.grouped, model="convolutional", width=8, weight_decay=0.05)
    want = {"0.weight": [0.05], "4.weight": [0.05]}
    want |= {name: [0.0] for name in ("0.bias", "1.weight", "1.bias", "4.bias")}
    assert_close(got["decay"], want, "the weight decay of each parameter")


@graded("p2.param_groups", points=0, rung="random")
def test_groups_laws(student, bench, rng):
    """Of a tied matrix and of each other parameter there is one, and the weight decay is the one given."""
    for model in ("attention", "tied", "shared"):
        decay = float(rng.uniform(0.01, 0.2))
        got = student.run(bench.grouped, model=model, width=int(rng.integers(3, 6)), weight_decay=decay)
        for name, found in got["decay"].items():
            check(len(found) == 1, f"{model}: {name} is in {len(found)} groups")
            check(float(found[0]) in (0.0, decay), f"{model}: a weight decay that was not given")
