"""Hidden tests of p4.budget and p4.configure: random plans against the reference, and the edges."""

from grader.testing import assert_close, check_each, graded

# ---- p4.budget


def random_plan(rng):
    """A plan whose last batch is not full, two times of three."""
    batch, full = int(rng.integers(2, 2000)), int(rng.integers(1, 5000))
    rest = int(rng.integers(1, batch)) if rng.random() < 2 / 3 else 0
    return {
        "images": batch * full + rest,
        "batch": batch,
        "epochs": int(rng.integers(2, 300)),
        "seconds_per_step": float(rng.uniform(0.05, 5.0)),
        "drop_last": bool(rng.random() < 0.5),
    }


def hours_of(plan):
    """By the longest and the shortest reading of an epoch."""
    longest = -(-plan["images"] // plan["batch"])
    return plan["epochs"] * longest * plan["seconds_per_step"] / 3600


@graded("p4.budget", points=1.0, rung="figures", hint="Hours of which run: of one epoch, or of all of them?")
def test_budget_find_the_error(student):
    """The course's timeline, worked out again."""
    ask = student.pipeline
    course = {"images": 100_000, "seconds_per_step": 0.5, "batch": 512, "drop_last": True}
    got = ask.budget(epochs=90, **course)
    want = {"steps_per_epoch": 195, "steps": 17_550, "seconds_per_epoch": 97.5, "hours": 2.4375, "fits": True}
    assert_close(got, want, "the first plan of the timeline")
    got = ask.budget(epochs=30, **course)
    want = {"steps_per_epoch": 195, "steps": 5850, "seconds_per_epoch": 97.5, "hours": 0.8125, "fits": True}
    assert_close(got, want, "the second plan of the timeline")
    for drop_last, steps in ((False, 98), (True, 97)):
        plan = {"images": 100_000, "seconds_per_step": 0.4, "batch": 1024, "drop_last": drop_last}
        got = ask.budget(epochs=50, **plan)
        want = {
            "steps_per_epoch": steps,
            "steps": 50 * steps,
            "seconds_per_epoch": 0.4 * steps,
            "hours": 20 * steps / 3600,
            "fits": True,
        }
        assert_close(got, want, "the third plan of the timeline")


@graded("p4.budget", points=1.2, rung="random")
def test_budget_random(student, reference, rng):
    """Random plans with random limits, far from each limit."""
    cases = [random_plan(rng) for _ in range(40)]
    for at, case in enumerate(cases):
        if at % 4:  # each fourth has the usual limit
            case["limit_hours"] = hours_of(case) * float(rng.choice([0.3, 0.6, 1.6, 3.0]))
    cases = [case for case in cases if "limit_hours" in case or not 20 < hours_of(case) < 100]
    check_each(cases, lambda subject, case: subject.pipeline.budget(**case), student, reference)


@graded("p4.budget", points=0.4, rung="random")
def test_allowance_random(student, reference, rng):
    """Random sets, batches and times; the steps are a fraction of an epoch, or many."""
    cases = []
    for _ in range(30):
        batch = int(rng.integers(2, 3000))
        full, rest = int(rng.integers(2, 20_000)), int(rng.integers(1, batch))
        steps = int(full * rng.choice([0.3, 1.7, 12.4])) + 1
        cases.append(
            {
                "samples": batch * full + rest,
                "batch": batch,
                "steps": steps,
                "days": float(rng.uniform(0.2, 30)),
            }
        )
    check_each(cases, lambda subject, case: subject.pipeline.allowance(**case), student, reference)


@graded("p4.budget", points=0.4, rung="random")
def test_validation_epochs_random(student, reference, rng):
    """Random lengths and distances; the last epoch is a multiple, or not."""
    cases = []
    for at in range(24):
        every = int(rng.integers(3, 12))
        epochs = every * int(rng.integers(3, 15)) + (1 if at < 4 else int(rng.integers(1, every + 1)))
        cases.append({"epochs": epochs, "every": every})
    check_each(cases, lambda subject, case: subject.pipeline.validation_epochs(**case), student, reference)


@graded("p4.budget", points=1.0, rung="edges", hint="Which arguments leave nothing to train with?")
def test_budget_edges(student, reference):
    """One batch and less, plans that just fit, numbers below 1, validation once in a run."""
    plan = {"images": 640, "batch": 64, "epochs": 3, "seconds_per_step": 1.0, "drop_last": True}
    # A quarter of an hour a step: 2 hours to the bit, in whatever order it is multiplied and divided. It is a
    # whole number, since check_each moves floats by a bit, which would decide here.
    fits = {"images": 4, "batch": 1, "epochs": 2, "seconds_per_step": 900, "drop_last": False}
    changed = [
        *({**plan, name: value} for name in ("images", "batch", "epochs") for value in (0, -5)),
        *({**plan, "images": images} for images in (64, 63, 65, 1)),
        *({**plan, "images": images, "drop_last": False} for images in (64, 63, 65, 1, 0)),
        *({**fits, "limit_hours": limit} for limit in (2, 1.9, 2.1, 0.9)),  # an epoch takes one hour
        {**plan, "images": 10**12, "batch": 1, "epochs": 1},
    ]
    cases = [("budget", case) for case in changed]
    back = {"samples": 640, "batch": 64, "steps": 10, "days": 1.0}
    cases += [
        ("allowance", {**back, name: value}) for name in ("samples", "batch", "steps") for value in (0, -1)
    ]
    cases += [("allowance", {**back, "samples": samples}) for samples in (1, 63, 64, 65)]
    pairs = [(1, 1), (1, 5), (5, 1), (5, 5), (5, 4), (6, 5), (5, 9), (0, 3), (3, 0), (-1, 2), (4, -2)]
    cases += [("validation_epochs", {"epochs": epochs, "every": every}) for epochs, every in pairs]
    check_each(
        cases,
        lambda subject, case: getattr(subject.pipeline, case[0])(**case[1]),
        student,
        reference,
        label=lambda case: case[0],
    )


# ---- p4.configure


def rates_of(student, reference, bench, cases):
    check_each(cases, lambda subject, case: subject.run(bench.rates, **case), student, reference)


@graded("p4.configure", points=1.2, rung="random", hint="Does the cosine's length follow the run's?")
def test_configure_rates_random(student, reference, bench, rng):
    """The rate of every epoch, for random batches and lengths of the run."""
    cases = [{"batch": int(rng.integers(8, 5000)), "epochs": int(rng.integers(7, 200))} for _ in range(8)]
    rates_of(student, reference, bench, [*cases, {"batch": 1024, "epochs": 50}])


def model_case(rng, model):
    """A model of a random size and a plan for it, far from the first one of the course."""
    return {
        "model": model,
        "width": int(rng.integers(3, 6)),
        "batch": int(rng.integers(600, 2000)),
        "epochs": int(rng.integers(8, 60)),
        "seed": int(rng.integers(2**31)),
    }


def decays_of(student, reference, bench, cases):
    check_each(cases, lambda subject, case: subject.run(bench.decays, **case), student, reference)


@graded("p4.configure", points=0.8, rung="random", hint="Count dimensions; names say nothing.")
def test_configure_decay_random(student, reference, bench, rng):
    """The weight decay of each parameter, from what weights without a gradient do; names that mislead."""
    cases = [model_case(rng, model) for model in ("plain", "misnamed", "plain", "misnamed")]
    decays_of(student, reference, bench, cases)


@graded(
    "p4.configure",
    points=0.3,
    rung="edges",  # whoever types a plan in types its momentum, and it is the same for all plans
    hint="Momentum looks back; Nesterov's form looks ahead as well.",
)
def test_configure_momentum_random(student, reference, bench, rng):
    """How far pushes to and fro take the weights, over the learning rate."""
    cases = []
    for _ in range(
        4
    ):  # small rates and large pushes: what a wrong decay does to the moves is lost in rounding
        batch, pushes = int(rng.integers(32, 128)), 100 * rng.normal(size=6)
        cases.append({**model_case(rng, "plain"), "batch": batch, "pushes": pushes.tolist()})
    check_each(cases, lambda subject, case: subject.run(bench.moves, **case), student, reference)


@graded("p4.configure", points=0.3, rung="edges", hint="How long is the cosine of a run of five epochs?")
def test_configure_short_runs(student, reference, bench):
    """Runs that end with the warm-up, in it, or just behind it; a batch of one image."""
    cases = [{"batch": batch, "epochs": epochs} for epochs in (1, 2, 5, 6, 7) for batch in (256, 96)]
    rates_of(student, reference, bench, [*cases, {"batch": 1, "epochs": 12}])


@graded(
    "p4.configure",
    points=0.4,
    rung="edges",
    hint="Which parameters are trained, and how often may one be held?",
)
def test_configure_holds(student, reference, bench, rng):
    """Frozen parameters, layers that are used twice, a model of vectors only, numbers without dimensions."""
    models = ("frozen", "shared", "vectors only", "misnamed")
    cases = [{"model": model, "width": int(rng.integers(3, 6))} for model in models]
    check_each(cases, lambda subject, case: subject.run(bench.held, **case), student, reference)
    models = ("frozen", "shared", "misnamed")
    decays_of(student, reference, bench, [model_case(rng, model) for model in models])
