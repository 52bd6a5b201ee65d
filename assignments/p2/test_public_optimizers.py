"""Public tests of optimizers.py: form, figures to check by hand, laws that hold for any input."""

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
    """Lines are straight and a cosine symmetric, milestones multiply, and a rate goes with its batch."""
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
            check(float(at[0]) > float(at[1]), f"{name} does not fall")
            assert_close(at[2:], [1.0, 0.0], f"{name} after the warm-up and behind the run")
    milestones, gamma = [20, 40, 60, 80], float(rng.uniform(0.2, 0.8))
    for reached in (2, 3):
        epoch = 20 * reached + int(rng.integers(1, 19))
        got = ask.multi_step(epoch=epoch, milestones=milestones, gamma=gamma)
        assert_close(got, gamma**reached, f"multi_step behind {reached} of four milestones")
    base, batch = float(rng.uniform(0.01, 1.0)), int(rng.integers(8, 1000))
    once, thrice = (ask.scaled_lr(base=base, batch=times * batch) for times in (1, 3))
    assert_close(thrice, 3 * float(once), "the rate for batches three times as large")


# ---- p2.updates: in float64, with eps counted in


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
    for gradient, settings, want, what in (
        (1.0, {}, [0.9, 0.8], "two plain steps"),
        (1.0, {"momentum": 0.9}, [0.9, 0.71], "two steps with momentum 0.9"),
        (1.0, {"momentum": 0.9, "nesterov": True}, [0.81, 0.539], "two steps with nesterov"),
        (0.0, {"weight_decay": 0.5}, [0.95, 0.9025], "two steps with weight decay 0.5 and no gradient"),
    ):
        got = steps_of_one(student, bench, "sgd_step", [gradient] * 2, lr=0.1, **settings)
        assert_close(got, np.array(want), what, precision="float64")


@graded("p2.updates", points=2.1, rung="figures")
def test_adam_figures(student, bench):
    """The first step of Adam for three ways of correcting, with a large eps, and with an L2 term alone."""
    # With beta 0.9 and 0.999 the averages are a tenth of the gradient and a thousandth of its square.
    first = {"both": 0.5 / 0.5, "second": 0.05 / 0.5, "none": 0.05 / np.sqrt(0.00025)}
    for corrected, length in first.items():
        got = steps_of_one(student, bench, "adam_step", [0.5], lr=0.1, eps=0.0, bias_correction=corrected)
        what = f'the first step with bias_correction="{corrected}" and eps 0'
        assert_close(got, np.array([1 - 0.1 * length]), what, precision="float64")
    got = steps_of_one(student, bench, "adam_step", [0.5], lr=0.1, eps=0.1)
    assert_close(got, np.array([1 - 0.05 / 0.6]), "the first step with eps 0.1", precision="float64")
    got = steps_of_one(student, bench, "adam_step", [0.0], lr=1e-3, weight_decay=0.01)
    want = np.array([1 - 1e-5 / (0.01 + 1e-8)])
    assert_close(got, want, "one step with an L2 term of 0.01 and no gradient", precision="float64")


@graded("p2.updates", points=2.1, rung="figures")
def test_adamw_figures(student, bench):
    """The first steps of AdamW, and what its decoupled decay does without a gradient."""
    got = steps_of_one(student, bench, "adamw_step", [0.5, 0.5], lr=0.1, weight_decay=0.5, eps=0.0)
    assert_close(got, np.array([0.85, 0.7075]), "two steps with decay 0.5 and eps 0", precision="float64")
    got = steps_of_one(student, bench, "adamw_step", [0.5], lr=0.1, weight_decay=0.5, eps=0.1)
    want = np.array([0.95 - 0.05 / 0.6])
    assert_close(got, want, "the first step with decay 0.5 and eps 0.1", precision="float64")
    got = steps_of_one(student, bench, "adamw_step", [0.0], lr=1e-3, weight_decay=0.01)
    assert_close(got, np.array([1 - 1e-5]), "a weight of 1 without a gradient", precision="float64")


@graded("p2.updates", points=0, rung="random", hint="What is kept from one step to the next?")
def test_update_laws(student, bench, rng):
    """Old gradients fade by momentum or beta; SGD is linear in its rate, and Adam knows no scale."""
    gradients = [float(number) for number in rng.normal(size=6)]
    rate, kept = float(rng.uniform(0.01, 0.1)), float(rng.uniform(0.5, 0.95))
    steps = np.arange(1, 7)

    def path(rule, gradients, **settings):
        return steps_of_one(student, bench, rule, gradients, start=0.0, **settings)

    once, twice = (path("sgd_step", gradients, lr=lr, momentum=kept) for lr in (rate, 2 * rate))
    assert_close(twice, 2 * once, "sgd_step with twice the learning rate", precision="float64")
    got = path("sgd_step", [1.0, *[0.0] * 5], lr=rate, momentum=kept)
    want = -rate * (1 - kept**steps) / (1 - kept)
    what = "sgd_step after one gradient of 1 and five of 0, with momentum"
    assert_close(got, want, what, precision="float64")

    betas = (kept, float(rng.uniform(0.9, 0.999)))
    # Both averages fade; corrected, each is the share that this gradient has in all weights so far.
    first, second = ((1 - beta) * beta ** (steps - 1) / (1 - beta**steps) for beta in betas)
    for rule in ("adam_step", "adamw_step"):
        asked = {"lr": rate, "betas": betas, "eps": 1e-300, "weight_decay": 0.0}
        once = path(rule, gradients, **asked)
        scaled = path(rule, [1000 * number for number in gradients], **asked)
        assert_close(scaled, once, f"{rule} with gradients a thousand times as large", precision="float64")
        got = path(rule, [1.0, *[0.0] * 5], **asked)
        what = f"{rule} after one gradient of 1 and five of 0"
        assert_close(got, -rate * np.cumsum(first / np.sqrt(second)), what, precision="float64")


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
