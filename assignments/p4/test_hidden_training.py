"""Hidden tests of training.py: steps in mixed precision."""

import math

from grader.testing import check_each, graded


def step_case(rng, half, steps=1, **more):
    """A short training. Whole numbers only: half precision rounds, so nothing here may move by an ulp."""
    case = {"seed": int(rng.integers(2**31)), "steps": steps, "half": half, "thousandths": 10**9}
    return case | {"power": None if half == "bfloat16" else int(rng.integers(3, 9))} | more


def clipped(rng):
    """A largest norm in thousandths: mostly below the norm that comes."""
    return int(10 ** rng.uniform(1.5, 4))


def stepped(bench, *keys):
    """Asks for some of what is seen of the steps of one case."""

    def ask(subject, case):
        case = dict(case)
        power, thousandths = case.pop("power"), case.pop("thousandths")
        scale = None if power is None else 2.0**power
        seen = subject.run(bench.mixed_steps, scale=scale, max_norm=thousandths / 1000, **case)
        return {key: seen[key] for key in keys} if keys else seen

    return ask


@graded(
    "p4.amp", points=1.4, rung="random", hint="Clip the gradient of the loss, not that of the scaled loss."
)
def test_train_step_random(student, reference, bench, rng):
    """Weights, losses and norms of single steps in both formats, clipped and not."""
    cases = [step_case(rng, "float16", thousandths=clipped(rng)) for _ in range(12)]
    cases += [step_case(rng, "bfloat16", thousandths=clipped(rng)) for _ in range(6)]
    cases += [step_case(rng, half, thousandths=30, matrices=True) for half in ("float16", "bfloat16") * 2]
    check_each(cases, stepped(bench), student, reference)


@graded(
    "p4.amp", points=1.0, rung="random", hint="Three things may change the rate or the scale. When does each?"
)
def test_train_step_schedule_and_scale(student, reference, bench, rng):
    """Several steps: the rates they are made at, the scale as it grows and shrinks."""
    cases = [
        step_case(
            rng, "float16", steps=int(rng.integers(4, 9)), power=int(rng.integers(8, 16)), size=8.0, growth=2
        )
        for _ in range(8)
    ]
    cases += [step_case(rng, "bfloat16", steps=3) for _ in range(2)]
    keys = ("rates", "next_lr", "scale", "types", "loss", "weights")
    check_each(cases, stepped(bench, *keys), student, reference)


@graded("p4.amp", points=0.5, rung="edges", hint="A skipped step leaves everything but the scale as it was.")
def test_train_step_overflow(student, reference, bench, rng):
    """Scales that are much too large, and a single batch that cannot be used."""
    cases = [
        step_case(rng, "float16", steps=10, power=22, size=4.0),
        step_case(rng, "float16", steps=2, power=30),
    ]
    for _ in range(4):
        steps = int(rng.integers(3, 7))
        cases.append(step_case(rng, "float16", steps=steps, power=6, overflowing=int(rng.integers(steps))))
    check_each(cases, stepped(bench), student, reference)


@graded("p4.amp", points=0.4, rung="edges", hint="Who chooses the type of each operation, and who the mode?")
def test_train_step_leaves_the_rest_alone(student, reference, bench, rng):
    """Networks in evaluation mode, or in part; inputs that are whole numbers, or too large for float16."""
    unlike = [{"evaluating": "all"}, {"evaluating": "dropout"}, {"first": "embedding"}, {"first": "norm"}]
    cases = [step_case(rng, half, **more) for half in ("float16", "bfloat16") for more in unlike]
    check_each(cases, stepped(bench), student, reference)


@graded("p4.amp", points=0.3, rung="edges", hint="Whose gradients stand in .grad when the call begins?")
def test_train_step_left_over_gradients(student, reference, bench, rng):
    """Gradients from elsewhere, NaN among them, in the buffers."""
    cases = [
        step_case(rng, half, thousandths=clipped(rng)) | {"stale": stale}
        for half in ("float16", "bfloat16")
        for stale in (1000.0, math.nan)
    ]
    # Without momentum no gradient and one of 0 leave the same weights.
    cases += [case | {"unused": True, "momentum": 0.0} for case in cases]
    check_each(cases, stepped(bench), student, reference)
