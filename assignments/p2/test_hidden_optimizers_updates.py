"""Hidden tests of p2.updates: many steps in float64 against the reference."""

import numpy as np

from grader.testing import check_each, graded

STEPS = 50


def training(rng, rule, *, shapes=((3, 2),), steps=STEPS, scale=1.0, **settings):
    """Random tensors with a random gradient at every step; the settings are the same at every step."""
    return {
        "rule": rule,
        "starts": [np.array(rng.normal(size=shape)) for shape in shapes],
        "gradients": [[np.array(scale * rng.normal(size=shape)) for shape in shapes] for _ in range(steps)],
        "settings": [dict(settings) for _ in range(steps)],
    }


def sgd_settings(rng, momentum=True, nesterov=False, decay=True):
    return {
        "lr": float(rng.uniform(0.01, 0.1)),
        "momentum": float(rng.uniform(0.5, 0.95)) if momentum else 0.0,
        "nesterov": nesterov,
        "weight_decay": float(rng.uniform(0.05, 0.5)) if decay else 0.0,
    }


def adam_settings(rng, decay=True, corrected="both", eps=None):
    return {
        "lr": float(rng.uniform(0.01, 0.1)),
        "betas": (float(rng.uniform(0.6, 0.95)), float(rng.uniform(0.9, 0.999))),
        "eps": eps or float(10 ** rng.uniform(-6, -2)),
        "weight_decay": float(rng.uniform(0.05, 0.5)) if decay else 0.0,
        "bias_correction": corrected,
    }


def judge_steps(student, reference, bench, cases):
    check_each(
        cases,
        lambda subject, case: subject.run(bench.stepped, **case),
        student,
        reference,
        precision="float64",
        label=lambda case: case["rule"],
    )


@graded("p2.updates", points=2.4, rung="random", hint="What does the velocity hold after the first step?")
def test_sgd_random(student, reference, bench, rng):
    """Fifty random steps of SGD with momentum and an L2 term, with and without nesterov."""
    # Never plain: what is right without momentum may hold no velocity at all.
    cases = [
        training(rng, "sgd_step", **sgd_settings(rng, nesterov=nesterov)) for nesterov in (False, True) * 3
    ]
    judge_steps(student, reference, bench, cases)


@graded(
    "p2.updates", points=2.0, rung="random", hint="Where does the weight decay enter, before the averages?"
)
def test_adam_random(student, reference, bench, rng):
    """Fifty random steps of Adam with an L2 term."""
    cases = [training(rng, "adam_step", **adam_settings(rng)) for _ in range(6)]
    judge_steps(student, reference, bench, cases)


@graded("p2.updates", points=2.0, rung="random", hint="Decoupled: the averages never see the weights.")
def test_adamw_random(student, reference, bench, rng):
    """Fifty random steps of AdamW with decay."""
    cases = [training(rng, "adamw_step", **adam_settings(rng)) for _ in range(6)]
    judge_steps(student, reference, bench, cases)


@graded(
    "p2.updates", points=1.6, rung="random", hint="Each of the two averages is corrected by its own beta."
)
def test_corrections_random(student, reference, bench, rng):
    """Fifty random steps where only the squares are corrected, and where nothing is."""
    cases = [
        training(rng, rule, **adam_settings(rng, corrected=corrected))
        for rule in ("adam_step", "adamw_step")
        for corrected in ("second", "none")
        for _ in range(2)
    ]
    judge_steps(student, reference, bench, cases)


@graded("p2.updates", points=1.0, rung="edges", hint="What is left of each rule if the gradient is 0?")
def test_zero_gradients(student, reference, bench, rng):
    """Gradients of zero at first, in between and at the end: L2 acts, decoupled decay acts otherwise."""
    cases = []
    for rule in ("sgd_step", "adam_step", "adamw_step"):
        chosen = sgd_settings(rng) if rule == "sgd_step" else adam_settings(rng)
        case = training(rng, rule, steps=12, **chosen)
        for step in (0, 1, 5, 10, 11):
            case["gradients"][step][0] *= 0
        cases.append(case)
    judge_steps(student, reference, bench, cases)


@graded("p2.updates", points=1.0, rung="edges", hint="Mind where eps is added, and to what.")
def test_epsilon(student, reference, bench, rng):
    """Gradients that are not larger than eps, and an eps that is not small."""
    cases = []
    for rule in ("adam_step", "adamw_step"):
        for eps, scale in ((1e-8, 1e-8), (1e-2, 1.0), (1e-4, 1e-3)):
            chosen = adam_settings(rng, decay=False, eps=eps)
            cases.append(training(rng, rule, steps=8, scale=scale, **chosen))
    judge_steps(student, reference, bench, cases)


@graded("p2.updates", points=0.8, rung="edges", hint="Keep gradients, not steps.")
def test_changing_rates(student, reference, bench, rng):
    """A learning rate that begins at 0 and that a schedule changes, with and without momentum and decay."""
    cases = []
    for decay in (True, False):
        plans = [("sgd_step", sgd_settings(rng, momentum, decay=decay)) for momentum in (True, False)]
        plans += [(rule, adam_settings(rng, decay)) for rule in ("adam_step", "adamw_step")]
        for rule, chosen in plans:
            case = training(rng, rule, steps=12, **chosen)
            for step, settings in enumerate(case["settings"]):
                settings["lr"] = chosen["lr"] * (step / 6 if step < 6 else (12 - step) / 6)
            cases.append(case)
    judge_steps(student, reference, bench, cases)


@graded("p2.updates", points=1.2, rung="edges", hint="What one tensor leaves behind must not reach another.")
def test_several_tensors(student, reference, bench, rng):
    """Tensors of different shapes in turn, one of them a single number, each with its own state."""
    shapes = ((2, 3), (), (4,), (2, 3))
    cases = [
        training(rng, "sgd_step", shapes=shapes, steps=6, **sgd_settings(rng, nesterov=True)),
        training(rng, "adam_step", shapes=shapes, steps=6, **adam_settings(rng)),
        training(rng, "adamw_step", shapes=shapes, steps=6, **adam_settings(rng)),
    ]
    judge_steps(student, reference, bench, cases)
