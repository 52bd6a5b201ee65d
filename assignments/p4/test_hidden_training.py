"""Hidden tests of training.py: alerts on planted traces, steps in mixed precision."""

import math

import numpy as np

from grader.testing import award, beside, check_each, closed_share, graded

TRACES = beside(__file__, "shared_public_traces")

# ---- p4.monitor


def some_events(rng, most):
    """A few of the events, in any order."""
    return rng.permutation(TRACES.EVENTS)[: int(rng.integers(0, most + 1))].tolist()


@graded("p4.monitor", points=2.0, rung="random", hint="Which steps does each line of the table count?")
def test_alerts_random(student, rng):
    """40 traces with up to four faults; a false alert or a step elsewhere cancels a right one."""
    pooled = []
    for at, shape in enumerate(rng.permutation(np.repeat(TRACES.SHAPES, 8)).tolist()):
        trace, right = TRACES.trace(rng, shape, some_events(rng, 3))
        found = student.training.alerts(trace)
        pooled.append(TRACES.judged(at, found, right))
    award(closed_share(pooled), "some alerts are missing or false; a false one cancels a right one")


def after_the_end(rng):
    """A NaN, and everything else after it."""
    trace, _ = TRACES.trace(rng, str(rng.choice(["falls", "hump"])), ())
    steps = len(trace["loss"])
    end = int(rng.integers(320, steps - 300))
    for step in range(end, steps):
        trace["lr"][step] *= 2
        trace["throughput"][step] *= 0.2
        trace["loss"][step] *= 6
    trace[str(rng.choice(["loss", "grad_norm"]))][end] = float(rng.choice([math.nan, math.inf, -math.inf]))
    trace["grad_norm"][end + 60] *= 1000
    for k, step in enumerate(trace["eval_steps"]):
        if step >= end:
            trace["val_loss"][k] = 0.01 * (1 + k)
            trace["caption_score"][k] = 0.0
    return trace, {"nan": end}


def before_the_fiftieth(rng):
    """Spikes of both kinds while nothing can be compared yet."""
    trace, right = TRACES.trace(rng, "falls", ())
    trace["loss"][int(rng.integers(5, 45))] *= 10
    trace["grad_norm"][int(rng.integers(5, 45))] *= 100
    return trace, right


def below_chance_by_little(rng):
    """No caption is right, and the loss says so: it stays above half the chance loss."""
    trace, right = TRACES.trace(rng, "falls", ())
    floor = 0.6 * trace["chance_loss"]
    trace["val_loss"] = [floor + 0.4 * loss for loss in trace["val_loss"]]
    trace["caption_score"] = [0.0] * len(trace["val_loss"])
    return trace, right


@graded(
    "p4.monitor", points=1.0, rung="edges", hint="What does the table say about steps after the first NaN?"
)
def test_alerts_edges(student, rng):
    """Faults after the end, spikes at the beginning, much that looks odd, several faults at once."""
    drawn = [after_the_end(rng) for _ in range(5)] + [before_the_fiftieth(rng) for _ in range(3)]
    drawn += [below_chance_by_little(rng) for _ in range(2)]
    drawn += [TRACES.trace(rng, shape, ()) for shape in ("falls", "hump") for _ in range(3)]
    drawn += [TRACES.trace(rng, str(shape), TRACES.EVENTS) for shape in TRACES.SHAPES[1:4]]
    pooled = [
        TRACES.judged(at, student.training.alerts(trace), right) for at, (trace, right) in enumerate(drawn)
    ]
    award(closed_share(pooled), "some alerts are missing or false; a false one cancels a right one")


# ---- p4.amp


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


@graded("p4.amp", points=0.8, rung="edges", hint="A skipped step leaves everything but the scale as it was.")
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


@graded("p4.amp", points=0.4, rung="edges", hint="Whose gradients stand in .grad when the call begins?")
def test_train_step_left_over_gradients(student, reference, bench, rng):
    """Gradients from elsewhere, NaN among them, in the buffers."""
    cases = [
        step_case(rng, half, thousandths=clipped(rng)) | {"stale": stale}
        for half in ("float16", "bfloat16")
        for stale in (1000.0, math.nan)
    ]
    check_each(cases, stepped(bench), student, reference)
