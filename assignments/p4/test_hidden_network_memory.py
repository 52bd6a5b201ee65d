"""Hidden tests of network.py, memory: the colleague's two models, networks of all kinds, batches that fit."""

from grader.testing import assert_same, beside, check, check_each, graded

shared = beside(__file__, "shared_public_network")


def resnet_d(blocks, width):
    """The layers of a ResNet-D for images of three channels."""
    layers = []
    for c_in, c_out, stride in ((3, width // 2, 2), (width // 2, width // 2, 1), (width // 2, width, 1)):
        layers += shared.rectified(c_in, c_out, 3, stride)
    layers.append(["max pool"])
    channels = width
    for stage, number in enumerate(blocks):
        mid = width * 2**stage
        for index in range(number):
            stride = 2 if stage and not index else 1
            branch = [
                *shared.rectified(channels, mid, 1),
                *shared.rectified(mid, mid, 3, stride),
                *shared.conv_norm(mid, 4 * mid, 1),
            ]
            pooling = [["avg pool"]] if stride == 2 else []
            shortcut = [*pooling, *shared.conv_norm(channels, 4 * mid, 1)] if index == 0 else []
            layers.append(["residual", branch, shortcut])
            channels = 4 * mid
    return [*layers, ["mean"], ["linear", channels, 1000]]


N_PARAMS = 44_568_392


@graded("p4.memory", points=1.2, rung="figures", hint="What is saved that does not grow with the batch?")
def test_memory_of_resnet_101_d(student, bench):
    """Bytes per image of the colleague's network, in both precisions, within one per cent."""
    layers = resnet_d((3, 4, 23, 3), 64)
    for autocast, want in ((None, 134.68e6), ("bfloat16", 68.143e6)):
        got = float(student.run(bench.saved_bytes, layers, [3, 224, 224], autocast, True, True))
        words = "float32" if autocast is None else autocast
        check(abs(got / want - 1) < 0.01, f"the bytes per image in {words} are not right", f"{got:,.0f}")


@graded("p4.memory", points=0.8, rung="figures", hint="Gradients have the type of their parameters.")
def test_memory_that_the_colleague_overlooked(student):
    """The largest batches of the colleague's network, and the state of both models."""
    states = [
        (N_PARAMS, "sgd_momentum", False, 534_820_704),
        (N_PARAMS, "sgd_momentum", True, 623_957_488),
        (250_000_000, "adamw", False, 4_000_000_000),
        (250_000_000, "adamw", True, 4_500_000_000),
    ]
    for n_params, optimizer, autocast, want in states:
        got = student.network.state_bytes(n_params, optimizer, autocast)
        words = f"{optimizer}, {'with' if autocast else 'without'} autocast"
        assert_same(got, want, f"the state of the colleague's model with {words}")
    for per_sample, state, want in ((134_680_576.0, 534_820_704, 285), (68_143_104.0, 623_957_488, 563)):
        got = student.network.largest_batch(per_sample, state, 40 * 10**9, 10**9)
        assert_same(got, want, "the largest batch of the colleague's network")


# ---- Random networks


def vector_layers(rng):
    """A network of random layers on vectors, and the size of its input."""
    features = given = 2 * int(rng.integers(3, 20))
    layers = []
    others = ("linear", "linear", "relu", "gelu", "dropout", "norm1d", "layer norm", "square")
    kinds = [str(rng.choice(others)) for _ in range(int(rng.integers(2, 8)))]
    kinds.insert(int(rng.integers(len(kinds) + 1)), str(rng.choice(["fork", "again"])))
    for kind in kinds:
        if kind == "linear":
            made = 2 * int(rng.integers(3, 20))
            layers.append([kind, features, made])
            features = made
        elif kind == "relu":
            layers += [["linear", features, features], [kind, bool(rng.integers(2))]]
        elif kind == "dropout":
            layers.append([kind, float(rng.uniform(0.1, 0.6))])
        elif kind in ("norm1d", "layer norm", "again"):
            layers.append([kind, features])
        else:
            layers.append([kind])
    return [*layers, ["linear", features, 3]], [given]


def image_layers(rng):
    """A network of random layers and blocks on images, and the shape of its input."""
    channels = int(rng.integers(1, 5))
    shape = [channels, int(rng.integers(7, 16)), int(rng.integers(7, 16))]
    layers = []
    kinds = ["plain", "norm", "block", "pool", "gelu", "dropout"]
    for kind in ("block", *(str(rng.choice(kinds)) for _ in range(int(rng.integers(1, 5))))):
        wider = int(rng.integers(2, 9))
        if kind == "plain":
            layers += [["conv", channels, wider, 3, 1, True], ["relu", bool(rng.integers(2))]]
            channels = wider
        elif kind == "norm":
            stride = int(rng.integers(1, 3))
            layers += shared.rectified(channels, wider, 3, stride, inplace=bool(rng.integers(2)))
            channels = wider
        elif kind == "block":
            layers.append(shared.two_convolutions(channels, wider, int(rng.integers(1, 3))))
            channels = wider
        elif kind == "pool":
            layers.append([str(rng.choice(["max pool", "avg pool"]))])
        elif kind == "dropout":
            layers.append([kind, 0.3])
        else:
            layers.append([kind])
    return [*layers, ["mean"], ["linear", channels, int(rng.integers(2, 9))]], shape


def memory_case(rng, make, **fixed):
    """A random network, and how it is run."""
    layers, shape = make(rng)
    return {"layers": layers, "shape": shape, "autocast": None} | fixed


def saved(bench):
    """Ask one subject for the bytes per sample."""
    return lambda subject, case: subject.run(bench.saved_bytes, **case)


def saved_of_all(bench):
    """Ask one subject for several networks: a formula that suits one kind of layers agrees with no case."""
    return lambda subject, case: [subject.run(bench.saved_bytes, **each) for each in case]


@graded(
    "p4.memory", points=1.6, rung="random", hint="What does each layer save, and which of it is one storage?"
)
def test_memory_of_random_networks(student, reference, bench, rng):
    """Bytes per sample of random networks on vectors and images, on real tensors."""
    cases = [[memory_case(rng, make) for make in (vector_layers, image_layers)] for _ in range(10)]
    check_each(cases, saved_of_all(bench), student, reference, label="float32", precision="float64")


@graded("p4.memory", points=1.2, rung="random", hint="Count bytes with the element size of what is saved.")
def test_memory_under_autocast(student, reference, bench, rng):
    """The same under bfloat16 autocast, where copies of the weights are saved too."""
    cases = [
        [memory_case(rng, make, autocast="bfloat16") for make in (vector_layers, image_layers)]
        for _ in range(8)
    ]
    check_each(cases, saved_of_all(bench), student, reference, label="bfloat16", precision="float64")


@graded("p4.memory", points=0.6, rung="random", hint="Which of the four things does autocast change?")
def test_state_of_random_models(student, reference, rng):
    """The state of models of random size: a case is a model with all three optimizers in both precisions."""
    check_each(
        [int(rng.integers(1, 10**10)) for _ in range(4)],
        lambda subject, n_params: {
            f"{optimizer}, {'with' if autocast else 'without'} autocast": subject.network.state_bytes(
                n_params, optimizer, autocast
            )
            for optimizer in ("sgd", "sgd_momentum", "adamw")
            for autocast in (False, True)
        },
        student,
        reference,
        exact=True,
    )


@graded(
    "p4.memory", points=0.4, rung="edges", hint="What is taken off the capacity before anything is divided?"
)
def test_batch_of_random_models(student, reference, rng):
    """The largest batch for random models and capacities."""
    cases = []
    for _ in range(30):
        capacity = int(rng.integers(10**9, 10**11))
        state, reserve = (int(share * capacity) for share in rng.uniform(0, 0.45, size=2))
        # A quarter of a byte off every whole multiple, so that rounding cannot decide.
        cases.append((float(rng.integers(10**5, 10**8)) + 0.25, state, capacity, reserve))
    check_each(
        cases,
        lambda subject, case: subject.network.largest_batch(*case),
        student,
        reference,
        exact=True,
    )


@graded("p4.memory", points=0.9, rung="edges", hint="Of a view, how much stays in memory?")
def test_memory_edges(student, reference, bench, rng):
    """Views, shared storages, buffers, eval mode, one layer twice, batches cut from a set, fake tensors."""
    n = 2 * int(rng.integers(3, 9))
    vectors = {
        "halves": [["linear", n, n], ["halves"], ["linear", n // 2, 2]],
        "crop": [["linear", n, n], ["crop", n // 2], ["linear", n // 2, 2]],
        "spread": [["linear", n, n], ["spread", 5], ["linear", n, 2]],
        "fork": [["linear", n, n], ["fork"], ["square"], ["linear", n, 2]],
        "table": [["linear", n, n], ["table", n], ["again", n]],
        "dropout": [["linear", n, n], ["dropout", 0.5], ["norm1d", n], ["relu", True], ["linear", n, 2]],
        "frozen input": [["square"], ["linear", n, 2]],
    }
    images = [
        *shared.rectified(3, n, 3, inplace=True),
        ["turn"],
        ["turn"],
        shared.two_convolutions(n, n),
        ["mean"],
        ["linear", n, 3],
    ]
    pooled = [*shared.rectified(3, n, 3), ["max pool"], ["mean"], ["linear", n, 3]]
    cases = []
    for fake in (False, True):
        for training in (True, False):
            kept = {"autocast": None, "training": training, "fake": fake}
            cases += [{"layers": layers, "shape": [n], **kept} for layers in vectors.values()]
            cases.append({"layers": images, "shape": [3, 6, 5], **kept})
        halved = {"autocast": "bfloat16", "fake": fake}
        cases.append({"layers": vectors["table"], "shape": [n], **halved})
        cases.append({"layers": pooled, "shape": [3, 6, 5], **halved})  # the places are of eight bytes
        cut = {"autocast": None, "fake": fake, "cut_from": int(rng.integers(20, 60))}
        cases += [
            {"layers": vectors["fork"], "shape": [n], **cut},
            {"layers": images, "shape": [3, 6, 5], **cut},
        ]
    check_each(
        cases,
        saved(bench),
        student,
        reference,
        label=lambda case: "fake tensors" if case["fake"] else "real tensors",
        precision="float64",
    )


@graded("p4.memory", points=0.7, rung="edges", hint="What is -3 samples?")
def test_batch_and_state_edges(student, reference, rng):
    """Batches that fit to the byte; no room for a sample, or for the state; unknown optimizers; no model."""
    per_sample, batch = int(rng.integers(10**5, 10**7)), int(rng.integers(2, 500))
    state, reserve = (int(number) for number in rng.integers(10**6, 10**9, size=2))
    full = state + reserve + batch * per_sample
    batches = [(float(per_sample), state, full + more, reserve) for more in (-1, 0, 1, per_sample - 1)]
    batches += [
        (float(per_sample), state, state + reserve + per_sample - 1, reserve),
        (float(per_sample), state, state + reserve, reserve),
        (float(per_sample), state, state + reserve - 1, reserve),
        (float(per_sample), state, state // 3, reserve),
        (float(per_sample), 0, full, 0),
        (0.5, 10, 1000, 10),
    ]
    check_each(
        batches,
        lambda subject, case: subject.network.largest_batch(*case),
        student,
        reference,
        label="the largest batch",
        exact=True,
    )
    states = [
        (0, "adamw", True),
        (3, "sgd", False),
        (7, "adam with a twist", False),
        (7, "AdamW", True),
        (7, "", False),
    ]
    check_each(
        states,
        lambda subject, case: subject.network.state_bytes(*case),
        student,
        reference,
        label="the state",
        exact=True,
    )
