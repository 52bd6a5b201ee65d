"""Hidden tests of p2.schedules and p2.param_groups: random cases against the reference, and edges."""

from grader.testing import assert_close, check_each, graded

# ---- p2.schedules


def ask_schedule(subject, case):
    return getattr(subject.optimizers, case["name"])(**case["arguments"])


def asked(name, **arguments):
    return {"name": name, "arguments": arguments}


def random_steps(rng, name, count=40, **extra):
    """Steps of random runs, from the first to some behind the last."""
    cases = []
    for _ in range(count):
        total = int(rng.integers(20, 5_000))
        warmup = int(rng.integers(3, total // 2))
        # In the decay at a distance from its ends, where a cosine is nearly flat, and never in the middle of
        # a phase: one half is a guess.
        step = warmup / 2
        while step in (warmup / 2, (total + warmup) / 2):
            decaying = warmup + (total - warmup) * rng.uniform(0.15, 0.95)
            step = int(rng.choice([rng.integers(1, warmup), decaying]))
        chosen = {key: float(rng.uniform(*bounds)) for key, bounds in extra.items()}
        cases.append(asked(name, step=step, total=total, warmup=warmup, **chosen))
    return cases


@graded("p2.schedules", points=2.0, rung="figures", hint="Which epochs does this run have?")
def test_last_milestone_of_the_course_notes(student):
    """Find the error: where the ResNet plan of the course notes ends, in 90 epochs and in 100."""
    got = student.optimizers.last_factor(epochs=90, milestones=[30, 60, 90], gamma=0.1)
    assert_close(got, 0.01, "the factor of the last epoch of 90")
    got = student.optimizers.last_factor(epochs=100, milestones=[30, 60, 90], gamma=0.1)
    assert_close(got, 0.001, "the factor of the last epoch of 100")


@graded("p2.schedules", points=0.7, rung="random")
def test_linear_random(student, reference, rng):
    """Linear warm-up and decay at random steps of random runs."""
    check_each(random_steps(rng, "linear_warmup_decay"), ask_schedule, student, reference)


@graded("p2.schedules", points=0.7, rung="random")
def test_cosine_random(student, reference, rng):
    """Warm-up and cosine with random floors."""
    cases = random_steps(rng, "warmup_cosine", floor=(0.02, 0.6))
    check_each(cases, ask_schedule, student, reference)


@graded("p2.schedules", points=0.7, rung="random")
def test_multi_step_random(student, reference, rng):
    """Random milestones and batch sizes."""
    cases = []
    for _ in range(15):
        epochs = int(rng.integers(20, 200))
        milestones = sorted(int(epoch) for epoch in rng.choice(epochs - 2, size=4, replace=False) + 1)
        gamma = float(rng.uniform(0.1, 0.8))
        # Two or three of four are reached: neither gamma itself nor its power with all of them is right.
        epoch = int(rng.integers(milestones[1] + 1, milestones[3]))
        cases.append(asked("multi_step", epoch=epoch, milestones=milestones, gamma=gamma))
        late = [*milestones, epochs + int(rng.integers(1, 50))]
        cases.append(asked("last_factor", epochs=epochs, milestones=late, gamma=gamma))
        base, batch = float(rng.uniform(0.01, 1.0)), int(rng.integers(8, 4096))
        cases.append(asked("scaled_lr", base=base, batch=batch, reference=int(rng.choice([128, 512]))))
    check_each(cases, ask_schedule, student, reference)


@graded("p2.schedules", points=0.7, rung="edges")
def test_warmup_edges(student, reference, rng):
    """No warm-up, the ends of both phases, steps behind the run, a floor of 0 and of 1."""
    cases = []
    for total, warmup in ((10, 0), (10, 9), (1, 0), (2, 1), (1000, 100)):
        for step in {0, max(0, warmup - 1), warmup, total - 1, total, total + 1, 3 * total}:
            cases.append(asked("linear_warmup_decay", step=step, total=total, warmup=warmup))
            for floor in (0.0, 0.25, 1.0):
                cases.append(asked("warmup_cosine", step=step, total=total, warmup=warmup, floor=floor))
    check_each([cases[at] for at in rng.permutation(len(cases))], ask_schedule, student, reference)


@graded("p2.schedules", points=0.7, rung="edges")
def test_milestone_edges(student, reference, rng):
    """Just before, at and after a milestone; one at the end of the run and behind it; none at all."""
    cases = []
    for milestones in ([], [1], [5, 6], [5, 9, 10, 40]):
        for epoch in (0, 1, 4, 5, 6, 9, 10, 39, 40, 41):
            gamma = float(rng.uniform(0.2, 0.9))
            cases.append(asked("multi_step", epoch=epoch, milestones=milestones, gamma=gamma))
            cases.append(asked("last_factor", epochs=epoch + 1, milestones=milestones, gamma=gamma))
    cases.append(asked("multi_step", epoch=7, milestones=[3], gamma=1.0))
    cases.append(asked("multi_step", epoch=2, milestones=[3], gamma=0.0))
    cases.append(asked("scaled_lr", base=0.4, batch=1))
    check_each(cases, ask_schedule, student, reference)


# ---- p2.param_groups


def judge_groups(student, reference, bench, rng, models):
    cases = [
        {"model": model, "width": int(rng.integers(3, 9)), "weight_decay": float(rng.uniform(0.01, 0.3))}
        for model in models
        for _ in range(2)
    ]
    check_each(
        cases,
        lambda subject, case: subject.run(bench.grouped, **case),
        student,
        reference,
        label=lambda case: f"the {case['model']} model",
    )


@graded("p2.param_groups", points=1.6, rung="random", hint="Look at a parameter's dimensions, not its name.")
def test_groups_of_norms_and_biases(student, reference, bench, rng):
    """Convolutions, norms and biases, under names that tell and names that do not."""
    judge_groups(student, reference, bench, rng, ("convolutional", "misnamed"))


@graded(
    "p2.param_groups", points=1.6, rung="random", hint="Which layers' weights are looked up, not multiplied?"
)
def test_groups_of_embeddings(student, reference, bench, rng):
    """Embeddings, attention, positions, and parameters that are frozen."""
    judge_groups(student, reference, bench, rng, ("attention", "frozen"))


@graded("p2.param_groups", points=0.8, rung="edges", hint="One weight may belong to two layers.")
def test_groups_of_shared_weights(student, reference, bench, rng):
    """A head tied to an embedding, a layer used twice, a matrix in two layers, equals that are two."""
    judge_groups(student, reference, bench, rng, ("tied", "shared", "alike"))


@graded("p2.param_groups", points=0.8, rung="edges")
def test_groups_of_special_layers(student, reference, bench, rng):
    """A subclass of nn.Embedding, rarer layers, a model with nothing to train."""
    judge_groups(student, reference, bench, rng, ("special", "nothing to train"))
