"""Hidden tests of debugging.py's training loop: what it learns, what it reports, what it costs."""

import numpy as np

from grader.testing import assert_close, check, check_each, graded

# Adam divides a gradient by its own size: one within rounding of zero has no sign, and the step after it
# none either. Cases whose first gradient has an element as small as this are drawn again.
SMALLEST_GRADIENT = 1e-4


def mean_loss(outputs, targets):
    """Cross-entropy in float64."""
    shifted = outputs - outputs.max(axis=1, keepdims=True)
    return float((np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(targets)), targets]).mean())


def first_gradient_is_clear(loss, parameters):
    """Whether no element of the loss's gradient is within rounding of zero, by central differences."""
    for parameter in parameters:
        for at in np.ndindex(parameter.shape):
            kept = parameter[at]
            values = []
            for step in (1e-5, -1e-5):
                parameter[at] = kept + step
                values.append(loss())
            parameter[at] = kept
            if abs(values[0] - values[1]) / 2e-5 < SMALLEST_GRADIENT:
                return False
    return True


def clear_case(rng, normalised=False, equal_batches=False):
    """Weights and data of a two-layer network, with batches of unequal size."""
    while True:
        features, hidden, classes = (int(rng.integers(*span)) for span in ((3, 6), (4, 7), (3, 5)))
        size, full = int(rng.integers(5, 10)), int(rng.integers(2, 5))
        sizes = [size] * full + ([] if equal_batches else [int(rng.integers(2, size - 1))])
        weights = [rng.normal(size=(hidden, features)), rng.normal(size=(classes, hidden))]
        biases = [0.3 * rng.normal(size=hidden), 0.3 * rng.normal(size=classes)]
        inputs = rng.normal(size=(sum(sizes), features))
        targets = rng.integers(classes, size=sum(sizes))
        scale, shift = np.ones(hidden), np.zeros(hidden)

        def loss(
            weights=weights,
            biases=biases,
            inputs=inputs,
            targets=targets,
            size=size,
            scale=scale,
            shift=shift,
        ):
            summed = inputs[:size] @ weights[0].T
            if normalised:
                summed = scale * (summed - summed.mean(axis=0)) / np.sqrt(summed.var(axis=0) + 1e-5) + shift
            else:
                summed = summed + biases[0]
            return mean_loss(np.tanh(summed) @ weights[1].T + biases[1], targets[:size])

        moved = [weights[1], biases[1], weights[0], *((scale, shift) if normalised else (biases[0],))]
        if first_gradient_is_clear(loss, moved):
            return {
                "weights": [weight.astype(np.float32) for weight in weights],
                "biases": [bias.astype(np.float32) for bias in biases],
                "inputs": inputs.astype(np.float32),
                "targets": targets,
                "batch_sizes": sizes,
                "epochs": int(rng.integers(2, 5)),
                "lr": float(rng.uniform(0.003, 0.02)),
            }


# ---- p5.train


@graded(
    "p5.train",
    points=5.0,
    rung="random",
    hint="What is in .grad at each step, and which rate acts?",
)
def test_train_moves_the_parameters_as_asked(student, reference, bench, rng):
    """Where the parameters of a small network are after a few epochs, the last batch of each smaller."""
    cases = [clear_case(rng) for _ in range(8)]
    check_each(
        cases, lambda subject, case: subject.run(bench.train_perceptron, **case)[1], student, reference
    )


@graded("p5.train", points=3.0, rung="random", hint="Which loss, of which samples, at which rate?")
def test_train_history(student, reference, bench, rng):
    """The loss over every sample and the rate, epoch by epoch."""
    cases = [clear_case(rng) for _ in range(8)]
    check_each(
        cases, lambda subject, case: subject.run(bench.train_perceptron, **case)[0], student, reference
    )


@graded("p5.train", points=1.4, rung="edges", hint="In which mode did the model arrive?")
def test_train_switches_to_train_mode(student, reference, bench, rng):
    """A model with BatchNorm that is handed over in eval mode."""
    cases = [clear_case(rng, normalised=True) for _ in range(3)]
    for case in cases:
        case["bias"] = case.pop("biases")[1]
    check_each(cases, lambda subject, case: subject.run(bench.train_normalised, **case), student, reference)


@graded("p5.train", points=1.4, rung="edges", hint="What does the very first backward add to?")
def test_train_forgets_earlier_gradients(student, reference, bench, rng):
    """A model whose parameters still hold gradients of something else."""
    cases = [clear_case(rng) for _ in range(3)]
    for case in cases:
        shapes = [part.shape for pair in zip(case["weights"], case["biases"], strict=True) for part in pair]
        case["leftovers"] = [rng.normal(size=shape).astype(np.float32) for shape in shapes]
    check_each(
        cases, lambda subject, case: subject.run(bench.train_after_another, **case), student, reference
    )


@graded(
    "p5.train", points=1.2, rung="edges", hint="What may be asked of something that can only be iterated?"
)
def test_train_takes_any_loader(student, reference, bench, rng):
    """A DataLoader, a tuple of batches, and batches without a length in another order every epoch."""
    cases = []
    for kind in ("dataloader", "tuple", "stream"):
        case = clear_case(rng)
        sizes = case.pop("batch_sizes")
        orders = [rng.permutation(len(sizes)).tolist() for _ in range(case["epochs"])]
        # The case is clear for the batch that comes first in the data: let every kind begin with it.
        orders[0] = [0, *(at for at in orders[0] if at != 0)]
        cases.append({**case, "kind": kind, "orders": orders, "batch_size": sizes[0]})
    check_each(cases, lambda subject, case: subject.run(bench.train_from, **case), student, reference)


# ---- p5.speed


def witness_case(rng, sizes):
    """Batches of these sizes for a linear classifier."""
    features, classes = int(rng.integers(3, 9)), int(rng.integers(2, 6))
    batches = [rng.normal(size=(size, features)).astype(np.float32) for size in sizes]
    rule = rng.normal(size=(features, classes))
    return {
        "batches": batches,
        "targets": [(batch @ rule).argmax(axis=1) for batch in batches],
        "classes": classes,
        "epochs": int(rng.integers(2, 4)),
    }


def check_passes(seen, case):
    """One forward and one backward pass for each batch of each epoch, in order, and at most one step."""
    sums = np.array([batch.sum() for batch in case["batches"]] * case["epochs"])
    assert_close(np.array(seen["forward"]), sums, "what went forward, batch by batch")
    assert_close(np.array(seen["backward"]), sums, "what went backward, batch by batch")
    check(seen["steps"] <= len(sums), "the optimizer steps more than once a batch")


def loss(parts, case):
    """The mean cross-entropy of a linear classifier over all batches."""
    shapes = [(case["classes"], case["batches"][0].shape[1]), (case["classes"],)]
    check([np.shape(part) for part in parts] == shapes, "the classifier has lost its shape")
    weight, bias = parts
    logits = np.concatenate(case["batches"]).astype(np.float64) @ weight.T + bias
    logits -= logits.max(axis=1, keepdims=True)
    chosen = logits[np.arange(len(logits)), np.concatenate(case["targets"])]
    return float((np.log(np.exp(logits).sum(axis=1)) - chosen).mean())


def check_learned(runs):
    """Counts are worth something only of a loop that trains: over the runs together, the loss has to fall.

    With a right loop it fell in each of 1,500 runs, by 0.4 % at least.
    """
    before = sum(loss(seen["before"], case) for seen, case in runs)
    after = sum(loss(seen["after"], case) for seen, case in runs)
    check(after < before, "the loop is to train the model, and its loss is no lower afterwards")


def check_memory(seen):
    """The batch before may linger in a variable (one); what grows with the number of batches may not."""
    check(seen["most_graphs"] <= 2, "memory grows with every batch: something holds on to the graphs")
    check(seen["most_outputs"] <= 2, "memory grows with every batch: something holds on to the outputs")


# A graph that is held has 600 bytes for each operation: 40 MB in all where this is done with every batch.
# Right loops took 0.1 to 0.2 MB. Arrays are small, because large ones leave gaps: a loop that keeps each
# batch's loss, detached, and nothing else took 21 MB with arrays of 280 kB. So held outputs are seen by the
# witness alone.
BATCHES, BATCH_SIZE = 400, 4
MEMORY_LIMIT = 12 << 20


def check_memory_from_outside(student, bench, rng):
    """The memory of the whole process while a network of ordinary modules is trained, as its judge sees it.

    Nothing that a loop could look for is watching. Three batches go before, for what a first training takes.
    """
    depth, classes, features = (int(rng.integers(*span)) for span in ((150, 170), (40, 60), (3, 6)))
    inputs = rng.normal(size=(BATCHES * BATCH_SIZE, features)).astype(np.float32)
    targets = (inputs @ rng.normal(size=(features, classes))).argmax(axis=1)
    shapes = [(1, features), (1,), (classes, 1), (classes,)]
    weights = [(0.3 * rng.normal(size=shape)).astype(np.float32) for shape in shapes]
    peaks = []
    for count in (3 * BATCH_SIZE, len(inputs)):
        after = student.run(bench.train_plain, weights, inputs[:count], targets[:count], BATCH_SIZE, depth)
        peaks.append(student.peak_memory())
    check(list(map(np.shape, after)) == shapes, "the network has lost its shape")
    case = {"batches": [inputs], "targets": [targets], "classes": classes}
    # The activations between the two layers change nothing: they are one.
    first, last = ([parts[2] @ parts[0], parts[2] @ parts[1] + parts[3]] for parts in (weights, after))
    check(loss(last, case) < loss(first, case), "the loop is to train the model, and its loss is no lower")
    # Where the system does not tell, as a student's own may not, the counts of the witness stand alone.
    if None not in peaks:
        check(peaks[1] - peaks[0] < MEMORY_LIMIT, "memory grows with every batch: something is held on to")


@graded("p5.speed", points=0.8, rung="random")
def test_speed_counts(student, bench, rng):
    """One forward pass, one backward pass and one step for each batch."""
    runs = []
    for _ in range(3):
        case = witness_case(rng, rng.integers(2, 9, size=int(rng.integers(4, 12))).tolist())
        runs.append((student.run(bench.witness_training, **case), case))
        check_passes(*runs[-1])
    check_learned(runs)


@graded("p5.speed", points=0.8, rung="random", hint="Which of your variables holds on to a batch's graph?")
def test_speed_memory(student, bench, rng):
    """No graph and no output outlives the next batch."""
    runs = []
    for _ in range(3):
        case = witness_case(rng, rng.integers(2, 9, size=int(rng.integers(8, 20))).tolist())
        seen = student.run(bench.witness_training, **case)
        runs.append((seen, case))
        check(len(seen["forward"]) >= len(case["batches"]) * case["epochs"], "every batch goes forward")
        check_memory(seen)
    check_learned(runs)
    check_memory_from_outside(student, bench, rng)


@graded("p5.speed", points=0.8, rung="edges")
def test_speed_with_batches_of_one(student, bench, rng):
    """The same with batches of a single sample."""
    case = witness_case(rng, [1] * int(rng.integers(20, 40)))
    seen = student.run(bench.witness_training, **case)
    check_passes(seen, case)
    check_memory(seen)
    check_learned([(seen, case)])
