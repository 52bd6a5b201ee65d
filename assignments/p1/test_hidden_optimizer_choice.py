"""Hidden tests of p1.warmup and p1.build: random runs against the reference."""

import math

from grader.testing import assert_close, check_each, graded

# ---- p1.warmup


def ask_counts(subject, case):
    """A case asks one of the two functions, so that a slip in one does not cost the other's points."""
    if "fraction" in case:
        return subject.optimizer_choice.warmup_steps(**case["run"], fraction=case["fraction"])
    return [subject.optimizer_choice.peak_factor(**case["run"], warmup=warmup) for warmup in case["warmups"]]


def run_lengths(rng):
    """A run with a smaller last batch: a share of its steps, a warm-up that fits, one that does not."""
    batch = int(rng.integers(8, 128))
    samples = batch * int(rng.integers(5, 200)) + int(rng.integers(1, batch))
    epochs = int(rng.integers(2, 9))
    total = math.ceil(samples / batch) * epochs
    run = {"samples": samples, "batch_size": batch, "epochs": epochs}
    # A twentieth of a step away from a whole number at least, whichever way the share is computed.
    fraction = (int(rng.integers(1, total)) + float(rng.uniform(0.05, 0.95))) / total
    warmups = [int(total * rng.uniform(0.2, 0.9)), int(total * rng.uniform(1.1, 3.0)) + 2]
    return [{"run": run, "fraction": fraction}, {"run": run, "warmups": warmups}]


@graded("p1.warmup", points=2.0, rung="figures", hint="How many steps does this run have in all?")
def test_warmup_of_the_course_notes(student):
    """Find the error: the share of the peak that the course notes' fine-tuning run reaches."""
    got = student.optimizer_choice.peak_factor(samples=5_000, batch_size=32, epochs=3, warmup=500)
    assert_close(got, 0.94, "the share of the peak")
    got = student.optimizer_choice.peak_factor(samples=5_000, batch_size=16, epochs=3, warmup=500)
    assert_close(got, 1.0, "the share of the peak with half the batch size")


@graded("p1.warmup", points=1.8, rung="random")
def test_warmup_random(student, reference, rng):
    """Random runs, shares and warm-ups."""
    cases = [case for _ in range(20) for case in run_lengths(rng)]
    check_each(cases, ask_counts, student, reference)


@graded("p1.warmup", points=0.8, rung="edges")
def test_warmup_edges(student, reference):
    """Warm-ups of nothing, of the whole run and longer, runs of one step, shares of whole steps."""
    runs = [
        (100, 10, 10, 0.29, 100),
        (7, 10, 3, 1.0, 0),
        (1, 1, 1, 0.0, 1),
        (5, 8, 1, 1.0, 0),
        (1000, 10, 1, 0.07, 99),
        (9, 3, 7, 0.1, 21),
        (7, 10, 3, 0.5, 6),
    ]
    cases = []
    for samples, batch, epochs, fraction, warmup in runs:
        run = {"samples": samples, "batch_size": batch, "epochs": epochs}
        cases += [{"run": run, "fraction": fraction}, {"run": run, "warmups": [warmup]}]
    check_each(cases, ask_counts, student, reference)


# ---- p1.build


def random_run(rng, optimizer, schedule, step_on, warm=True):
    """A choice and a run for it; the fields that it does not use hold random values."""
    epochs, steps_per_epoch = int(rng.integers(4, 8)), int(rng.integers(2, 6))
    length = epochs if step_on == "epoch" else epochs * steps_per_epoch
    warmup = int(rng.integers(1, length // 2)) if warm else 0
    first = math.ceil(warmup / (1 if step_on == "epoch" else steps_per_epoch)) + 1
    milestones = sorted({int(epoch) for epoch in rng.integers(min(first, epochs - 1), epochs, size=2)})
    choice = {
        "optimizer": optimizer,
        "lr": float(rng.uniform(0.02, 0.2)),
        "momentum": float(rng.choice([0.0, 0.5, 0.95]) if optimizer == "sgd" else rng.uniform(0.5, 0.95)),
        "betas": (float(rng.uniform(0.5, 0.85)), float(rng.uniform(0.9, 0.99))),
        "weight_decay": float(rng.choice([0.0, 1.0, 1.0]) * rng.uniform(0.05, 0.5)),
        "schedule": schedule,
        "warmup_steps": warmup,
        "milestones": tuple(milestones),
        "gamma": float(rng.uniform(0.2, 0.6)),
        "final_fraction": float(rng.uniform(0.05, 0.4)),
        "step_on": step_on,
    }
    shapes = ((3, 2), (2, 3))
    return {
        "choice": choice,
        "epochs": epochs,
        "steps_per_epoch": steps_per_epoch,
        "weights": [rng.normal(size=shape) for shape in shapes],
        "gradients": [[rng.normal(size=shape) for shape in shapes] for _ in range(epochs * steps_per_epoch)],
    }


def judge_build(student, reference, bench, cases):
    def words(case):
        choice = case["choice"]
        return f"{choice['optimizer']}, {choice['schedule']}, stepped per {choice['step_on']}"

    check_each(cases, lambda subject, case: subject.run(bench.drive, **case), student, reference, label=words)


@graded("p1.build", points=4.8, rung="random", hint="Write down the length of the schedule with its unit.")
def test_build_random(student, reference, bench, rng):
    """Every optimizer with every schedule: learning rate and weights at each step of a run."""
    cases = [
        random_run(rng, optimizer, schedule, rng.choice(["batch", "epoch"]).item())
        for optimizer in ("sgd", "adam", "adamw")
        for schedule in ("constant", "linear", "cosine", "step")
    ]
    cases += [random_run(rng, "sgd", schedule, "batch") for schedule in ("linear", "cosine", "step")]
    judge_build(student, reference, bench, cases)


@graded("p1.build", points=2.4, rung="edges")
def test_build_edges(student, reference, bench, rng):
    """No warm-up, a single epoch, a milestone behind the run, a schedule that ends at its peak, biases.

    Further: milestones inside the warm-up and at its end, which count from there on; gradients as small as
    Adam's eps.
    """
    cases = [
        random_run(rng, "sgd", schedule, unit, warm=False)
        for schedule in ("constant", "linear", "cosine", "step")
        for unit in ("batch", "epoch")
    ]
    late = random_run(rng, "sgd", "step", "epoch", warm=False)
    late["choice"]["milestones"] = (2, late["epochs"], late["epochs"] + 3)
    flat = random_run(rng, "adam", "cosine", "batch")
    flat["choice"]["final_fraction"] = 1.0
    single = random_run(rng, "adamw", "linear", "batch", warm=False)
    single["choice"]["warmup_steps"] = 1
    single["steps_per_epoch"] *= single["epochs"]
    single["epochs"] = 1
    biased = [biased_run(rng, optimizer) for optimizer in ("sgd", "adam", "adamw")]
    early = [early_milestones(rng, unit) for unit in ("batch", "epoch")]
    tiny = [random_run(rng, optimizer, "constant", "batch", warm=False) for optimizer in ("adam", "adamw")]
    for case in tiny:
        case["choice"]["weight_decay"] = 0.0
        case["gradients"] = [[1e-8 * gradient for gradient in step] for step in case["gradients"]]
    judge_build(student, reference, bench, [*cases, late, flat, single, *biased, *early, *tiny])


def biased_run(rng, optimizer):
    """A run of a model with biases, whose weight decay shows in each of them."""
    case = random_run(rng, optimizer, "cosine", "batch")
    case["choice"]["weight_decay"] = float(rng.uniform(0.2, 0.5))
    shapes = ((4, 2), (4,), (3, 4), (3,))
    case["weights"] = [rng.normal(size=shape) for shape in shapes]
    case["gradients"] = [[rng.normal(size=shape) for shape in shapes] for _ in case["gradients"]]
    return case


def early_milestones(rng, unit):
    """A run with a milestone inside its warm-up, one where the warm-up ends, and one behind it."""
    case = random_run(rng, "sgd", "step", unit)
    case["epochs"], per_epoch = 6, case["steps_per_epoch"]
    case["choice"]["warmup_steps"] = 3 * (per_epoch if unit == "batch" else 1)
    case["choice"]["milestones"] = (int(rng.integers(1, 3)), 3, 5)
    shapes = [weight.shape for weight in case["weights"]]
    case["gradients"] = [[rng.normal(size=shape) for shape in shapes] for _ in range(6 * per_epoch)]
    return case
