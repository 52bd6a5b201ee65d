"""Hidden tests of transformer.py, functions and encoder: random cases and edges against the reference."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from grader.testing import award, check, check_each, closed_share, graded

Case = dict[str, Any]

# ---- p5.grad_norms -----------------------------------------------------------------------------------------


def random_gradients(rng: np.random.Generator) -> list[list[np.ndarray | None]]:
    """Layers of one to five parameters of different sizes; about one parameter in four has no gradient."""
    layers: list[list[np.ndarray | None]] = []
    for _ in range(int(rng.integers(1, 9))):
        scale = 10 ** rng.uniform(-6, 2)
        shapes = [tuple(rng.integers(1, 7, int(rng.integers(1, 4)))) for _ in range(int(rng.integers(2, 6)))]
        layer = [(scale * rng.normal(size=shape)).astype(np.float32) for shape in shapes]
        layers.append([layer[0], *(None if rng.random() < 0.25 else array for array in layer[1:])])
    return layers


@graded("p5.grad_norms", points=2.0, rung="random", hint="One norm a layer, over all its parameters at once.")
def test_grad_norms_random(student, reference, bench, rng):
    """Gradient norms of random layers."""
    cases = [random_gradients(rng) for _ in range(30)]
    check_each(cases, lambda subject, case: subject.run(bench.layer_gradient_norms, case), student, reference)


@graded("p5.grad_norms", points=1.0, rung="edges")
def test_grad_norms_edges(student, reference, bench, rng):
    """No layers, layers without gradients, frozen parts, collapsed gradients, an overflow."""

    def some(*shape: int, scale: float = 1.0) -> np.ndarray:
        return (scale * rng.normal(size=shape)).astype(np.float32)

    cases: list[list[list[np.ndarray | None]]] = [
        [[None, None], [some(3, 2)], [None]],
        [[], [some(4)], []],
        [[some(8, 8, scale=1e-12), some(8, scale=1e-12)], [some(8, 8, scale=1e-2)]],
        [[some(3), np.array([np.inf, 1.0], np.float32)], [some(2, 2)]],
        [[some(1)] for _ in range(40)],
        [],
    ]
    check_each(cases, lambda subject, case: subject.run(bench.layer_gradient_norms, case), student, reference)


# ---- p5.capacity -------------------------------------------------------------------------------------------


def capacity(subject, case: Case):
    """Ask one of the three functions."""
    return getattr(subject.transformer, case["ask"])(*case["args"], **case.get("named", {}))


def random_log(rng: np.random.Generator) -> list[tuple[int, float]]:
    """A validation log with ties and NaN; the first loss is finite."""
    losses = rng.integers(1, 12, int(rng.integers(3, 25))) / 8  # few values: ties are common
    every = int(rng.integers(1, 2000))
    return [
        (every * index, float("nan") if index and rng.random() < 0.1 else float(loss))
        for index, loss in enumerate(losses)
    ]


@graded(
    "p5.capacity", points=0.8, rung="random", hint="Name every Linear in a layer; the heads share the width."
)
def test_capacity_counts_random(student, reference, rng):
    """Parameters and parameters per sample for random sizes."""
    cases: list[Case] = []
    for _ in range(25):
        heads = int(rng.integers(1, 17))
        sizes = [
            int(rng.integers(1, 97)),
            heads * int(rng.integers(1, 800)),
            heads,
            int(rng.integers(8, 50_000)),
        ]
        named = {
            "vocabulary": int(rng.integers(0, 2) * rng.integers(1, 250_000)),
            "positions": int(rng.integers(0, 4096)),
            "segments": int(rng.integers(0, 3)),
            "pooler": bool(rng.random() < 0.5),
        }
        cases.append({"ask": "encoder_parameters", "args": sizes, "named": named})
    counts = [[int(rng.integers(1, 10**9)), int(rng.integers(1, 10**6))] for _ in range(10)]
    cases += [{"ask": "parameters_per_sample", "args": args} for args in counts]
    check_each(cases, capacity, student, reference, label=lambda case: case["ask"])


@graded("p5.capacity", points=0.8, rung="random", hint="Ask what must be true of an improvement.")
def test_capacity_stopping_random(student, reference, rng):
    """Early stopping on random validation logs."""
    cases = [{"ask": "early_stop", "args": [random_log(rng), int(rng.integers(1, 6))]} for _ in range(40)]
    check_each(cases, capacity, student, reference, label=lambda case: case["ask"])


@graded("p5.capacity", points=0.8, rung="edges")
def test_capacity_edges(student, reference, rng):
    """No embeddings, no layers, a large model at once, empty input, NaN, ties, a log that ends early."""
    d = 8 * int(rng.integers(3, 40))
    table = {"positions": int(rng.integers(1, 500)), "segments": 2}
    nan = float("nan")
    low = float(rng.integers(1, 8)) / 16
    cases: list[Case] = [
        {"ask": "encoder_parameters", "args": [3, d, 8, 4 * d], "named": table},
        {"ask": "encoder_parameters", "args": [3, d, 1, 4 * d], "named": {"vocabulary": 900}},
        {
            "ask": "encoder_parameters",
            "args": [0, d, 8, d],
            "named": {"vocabulary": 7, **table, "pooler": True},
        },
        {"ask": "encoder_parameters", "args": [100_000, 98_304, 768, 4 * 98_304]},
        {"ask": "parameters_per_sample", "args": [int(rng.integers(1, 9)), 64]},
        {"ask": "parameters_per_sample", "args": [int(rng.integers(100, 1000)), 1]},
        {"ask": "parameters_per_sample", "args": [1000, 0]},
        {"ask": "early_stop", "args": [[], 3]},
        {"ask": "early_stop", "args": [[(0, low)], 1]},
        {"ask": "early_stop", "args": [[(0, nan), (7, nan), (14, low), (21, low), (28, nan)], 3]},
        {"ask": "early_stop", "args": [[(0, low), (5, low), (10, low / 2)], 1]},
        {"ask": "early_stop", "args": [[(step, 2.0 - low * step) for step in range(6)], 2]},
        {
            "ask": "early_stop",
            "args": [[(3, math.inf), (6, 2.0), (9, low), (12, 1.0), (15, low / 2), (18, nan)], 2],
        },
    ]
    check_each(cases, capacity, student, reference, label=lambda case: case["ask"])


@graded("p5.capacity", points=2.0, rung="closed", hint="Which fixes act on generalisation?")
def test_fixes(student):
    """The fixes for 5,000 samples."""
    required = {"pretrained_encoder", "smaller_model", "dropout_or_decay", "early_stopping_with_restore"}
    wrong = {
        *("train_longer", "pre_ln", "warmup", "gradient_clipping", "higher_lr", "drop_validation_set"),
        "restore_last_weights",
    }
    named = {fix for fix in student.transformer.FIXES if isinstance(fix, str)}
    missing, mistaken = len(required - named), len(named & wrong)
    said = f"{missing} required fixes are missing, {mistaken} named ones do not act on generalisation"
    award(closed_share(named, required, wrong), said)


# ---- p5.adam_bound -----------------------------------------------------------------------------------------


def updates(subject, case: Case):
    """One array for the whole sequence: a step that nearly cancels is judged beside the others."""
    if "grads" in case:
        return np.array(subject.transformer.adam_update(**case), dtype=np.float64)
    return subject.transformer.spike_bound(**case)


def betas(rng: np.random.Generator) -> Case:
    """Betas as they are used, and others."""
    return {"beta1": float(rng.uniform(0.0, 0.95)), "beta2": float(1 - 10 ** rng.uniform(-3, -0.3))}


@graded("p5.adam_bound", points=2.4, rung="random", hint="Correct both averages for their start at zero.")
def test_adam_bound_random(student, reference, rng):
    """Steps for random gradients, bounds for random betas."""
    cases: list[Case] = []
    for _ in range(40):
        grads = 10 ** rng.uniform(-3, 3) * (rng.normal(size=int(rng.integers(1, 50))) + rng.uniform(-2, 2))
        cases.append({"grads": grads.tolist(), **betas(rng)})
    cases += [betas(rng) for _ in range(20)]
    check_each(cases, updates, student, reference)


@graded("p5.adam_bound", points=1.2, rung="edges")
def test_adam_bound_edges(student, reference, rng):
    """Zeros first, zeros only, no gradients, no momentum, growing gradients, spikes clipped and not."""
    spike = float(rng.uniform(50, 200))
    history = (0.5 * rng.normal(size=60)).tolist()
    ratio = 0.98 / 0.9
    sequences = [
        [0.0] * 5 + [spike] + [0.0] * 3,
        [0.0] * 7,
        [],
        [-1e-6],
        [*history, spike],
        [*history, 1.0],
        [
            ratio**step for step in range(80)
        ],  # the largest steps there are: 7.27 in the limit of the usual betas
    ]
    cases: list[Case] = [{"grads": grads, "beta1": 0.9, "beta2": 0.98} for grads in sequences]
    cases.append({"grads": history, "beta1": 0.0, "beta2": 0.9})
    cases.append({"beta1": 0.0, "beta2": 0.75})
    check_each(cases, updates, student, reference, scale=1.0)


# ---- p5.pre_ln ---------------------------------------------------------------------------------------------


def outputs(bench):
    """Asks for a stack's output at the places that are not padding."""

    def ask(subject, case: Case):
        sizes, x, hidden = (case["layers"], case["heads"]), case["x"], case["padding"]
        output = subject.run(bench.encoder_output, case["weights"], *sizes, x, hidden)
        return (
            output if hidden is None or output.shape != x.shape else np.where(hidden[:, :, None], 0.0, output)
        )

    return ask


def random_stack(reference, bench, rng, *, padded: bool, scale: float = 1.0) -> Case:
    """A stack with random weights for every key that the reference's has, and tokens for it."""
    heads, layers = int(rng.choice([1, 2, 4])), int(rng.integers(1, 4))
    d = heads * int(rng.integers(8, 14) // heads)  # with two features a LayerNorm knows only their order
    x = (scale * rng.normal(size=(int(rng.integers(2, 5)), int(rng.integers(2, 9)), d))).astype(np.float32)
    weights = {}
    for key, shape in reference.run(bench.encoder_shapes, layers, d, heads).items():
        drawn = rng.normal(size=tuple(shape)) / (2.0 if len(shape) == 1 else math.sqrt(shape[1]))
        weights[key] = (drawn + ("norm" in key)).astype(np.float32)
    padding = None
    if padded:
        padding = rng.random(x.shape[:2]) < 0.4
        padding[:, int(rng.integers(x.shape[1]))] = False  # a sample of nothing but padding means nothing
    return {
        "weights": weights, "layers": layers, "heads": heads, "x": x, "padding": padding,
        "direction": rng.normal(size=x.shape).astype(np.float32),
    }  # fmt: skip


@graded(
    "p5.pre_ln",
    points=2.4,
    rung="random",
    hint="Look at what is normalised, what is added to, and the last norm.",
)
def test_pre_ln_random(student, reference, bench, rng):
    """Outputs of stacks with random weights, sizes, heads and padding."""
    cases = [random_stack(reference, bench, rng, padded=index % 2 == 1) for index in range(16)]
    check_each(cases, outputs(bench), student, reference)


@graded("p5.pre_ln", points=1.6, rung="random")
def test_pre_ln_gradients(student, reference, bench, rng):
    """Gradients with respect to the input and every parameter."""
    cases = [random_stack(reference, bench, rng, padded=False) for _ in range(6)]

    def gradients(subject, case: Case):
        arguments = (case["weights"], case["layers"], case["heads"], case["x"], case["direction"])
        return subject.run(bench.encoder_gradients, *arguments)

    check_each(cases, gradients, student, reference, scale=1.0)


def fresh_weights(student, bench, shapes, sizes, seed, x):
    """The weights of a new stack with these shapes, and what it adds to x."""
    found, output = student.run(bench.fresh_stack, *sizes, seed, x)
    check(np.shape(output) == x.shape, "a new stack's output has another shape than its input")
    weights = {}
    for key, shape in shapes.items():
        # Norms and biases start the same in any stack; what is asked of them, other tests ask.
        usual = [np.full(shape, float(key.endswith("weight")), np.float32)] if len(shape) == 1 else []
        fit = [part for part in (found.get(key), *usual) if np.shape(part) == tuple(shape)]
        check(bool(fit) and bool(np.isfinite(fit[0]).all()), "a layer's matrices are not there")
        weights[key] = fit[0]
    return weights, output - x


@graded("p5.pre_ln", points=1.0, rung="edges", hint="Does each layer get its own random weights?")
def test_pre_ln_layers_are_their_own(student, reference, bench, rng):
    """A new stack's layers start from different random weights, and so do two stacks."""
    seed, sizes = int(rng.integers(2**31)), (4, 8, 2)
    shapes = reference.run(bench.encoder_shapes, *sizes)
    x = rng.normal(size=(4, 6, 8))
    # Features of mean 0 and deviation 1: where the norms stand plays hardly any part in what is added.
    x = ((x - x.mean(axis=2, keepdims=True)) / x.std(axis=2, keepdims=True)).astype(np.float32)
    layers, added, wanted = [], [], []
    for index in range(2):
        weights, change = fresh_weights(student, bench, shapes, sizes, seed + index, x)
        added.append(change)
        wanted.append(reference.run(bench.encoder_output, weights, sizes[0], sizes[2], x) - x)
        for at in range(sizes[0]):
            own = [key for key in shapes if key.startswith(f"layers.{at}.") and len(shapes[key]) == 2]
            layers.append(np.concatenate([weights[key].ravel() for key in own]))
    # Weights that nothing is computed with are no stack's. With each known mistake in its forward pass the
    # correlation was 0.48 or more, that of other numbers 0 +- 0.05.
    with np.errstate(all="ignore"):
        related = np.corrcoef(np.ravel(added), np.ravel(wanted))[0, 1]
    check(bool(related > 0.3), "what a new stack computes does not come from its weights")
    check(all(float(np.std(layer)) > 0.01 for layer in layers), "a layer starts from constant weights")
    for index, layer in enumerate(layers):
        shared = max(float(np.mean(layer == other)) for at, other in enumerate(layers) if at != index)
        check(shared < 0.5, "two layers start from the same weights")


@graded("p5.pre_ln", points=1.0, rung="edges")
def test_pre_ln_edges(student, reference, bench, rng):
    """One token, tiny inputs (eps of each norm), equal features; dropout in training, not in evaluation."""
    cases = [random_stack(reference, bench, rng, padded=False, scale=scale) for scale in (1e-3, 1e-3, 30.0)]
    for case in cases[1:2]:
        case["x"] = np.ones_like(case["x"]) * case["x"][:, :, :1]
    cases.append(random_stack(reference, bench, rng, padded=False))
    cases[-1]["x"] = cases[-1]["x"][:1, :1]
    # Sublayers that add nothing: what arrives at the last norm is as small as what came in.
    cases.append(random_stack(reference, bench, rng, padded=False, scale=1e-3))
    for key, weights in cases[-1]["weights"].items():
        if "out_proj" in key or "ffn.3" in key:
            weights[:] = 0
    check_each(cases, outputs(bench), student, reference)

    case = random_stack(reference, bench, rng, padded=False)
    layer = {k.removeprefix("layers.0."): v for k, v in case["weights"].items() if k.startswith("layers.0.")}
    arguments = (layer, case["heads"], case["x"])
    seed = int(rng.integers(2**31))
    settings = {"in evaluation, nothing is dropped": (0.5, False), "in training, all is dropped": (1.0, True)}

    def under_dropout(subject, name: str):
        return subject.run(bench.layer_under_dropout, *arguments, *settings[name], seed)

    check_each(settings, under_dropout, student, reference, label=str)
    once, again = (student.run(bench.layer_under_dropout, *arguments, 0.5, True, seed + i) for i in range(2))
    check(bool(np.any(once != again)), "in training, dropout drops nothing")
    for place, (weights, x) in places_of_dropout(rng).items():
        change = student.run(bench.layer_under_dropout, weights, 2, x, 0.5, True, seed) - x
        dropped = np.abs(change) < 1e-4
        check(
            0.3 < float(np.mean(dropped)) < 0.75, f"in training, half of what comes out of {place} is dropped"
        )
        kept = np.unique(np.round(change[~dropped], 3))
        check(len(kept) > 3, f"in training, dropout acts inside {place} too: see the docstring")
    weights, x = one_hidden_unit(rng)
    change = student.run(bench.layer_under_dropout, weights, 2, x, 0.5, True, seed) - x
    # What is kept was doubled behind the GELU and again at the output. Doubled before it, a unit at 1 has
    # GELU(2) and not 2 GELU(1), which makes 3.9 of 3.4.
    twice = 4 * 0.5 * (1 + math.erf(math.sqrt(0.5)))
    check(bool(np.any(change > 1.0)), "in training, half of what comes out of the hidden layer is dropped")
    check(
        bool(np.all((np.abs(change) < 1e-3) | (np.abs(change - twice) < 1e-3))),
        "in training, what is kept of the hidden layer is scaled behind the GELU",
    )


def one_hidden_unit(rng):
    """Weights with which a layer adds GELU(1) to every feature: one hidden unit is at 1, all others at 0."""
    weights, x = places_of_dropout(rng)["the feed-forward net"]
    weights["ffn.0.bias"][:] = 0
    weights["ffn.3.weight"][:] = 0
    unit = int(rng.integers(len(weights["ffn.0.bias"])))
    weights["ffn.0.bias"][unit] = weights["ffn.3.weight"][:, unit] = 1
    return weights, x


def places_of_dropout(rng):
    """Weights that make one sublayer add the same number everywhere, unless something inside it is dropped.

    What is dropped behind the sublayer shows as zeros, what is dropped inside it as several other numbers.
    """
    d, x = 8, rng.normal(size=(6, 8, 8)).astype(np.float32)
    silent = {
        "norm1.weight": np.ones(d), "norm1.bias": np.zeros(d),
        "norm2.weight": np.ones(d), "norm2.bias": np.zeros(d),
        "attention.in_proj_weight": rng.normal(size=(3 * d, d)), "attention.in_proj_bias": np.zeros(3 * d),
        "attention.out_proj.weight": np.zeros((d, d)), "attention.out_proj.bias": np.zeros(d),
        "ffn.0.weight": np.zeros((4 * d, d)), "ffn.0.bias": np.full(4 * d, 6.0),
        "ffn.3.weight": np.zeros((d, 4 * d)), "ffn.3.bias": np.zeros(d),
    }  # fmt: skip
    values = silent["attention.in_proj_weight"].copy()
    values[2 * d :] = 0
    biases = np.concatenate([np.zeros(2 * d), np.ones(d)])
    attention = {"in_proj_weight": values, "in_proj_bias": biases, "out_proj.weight": np.eye(d)}
    cases = {
        "attention": silent | {f"attention.{name}": value for name, value in attention.items()},
        "the feed-forward net": silent | {"ffn.3.weight": np.full((d, 4 * d), 1 / (4 * d))},
    }
    single = {
        place: {key: value.astype(np.float32) for key, value in weights.items()}
        for place, weights in cases.items()
    }
    return {place: (weights, x) for place, weights in single.items()}
