"""Public tests of transformer.py: interfaces, the handout's numbers, invariants."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from grader.datasets.tokens import majority
from grader.testing import assert_close, assert_same, award, check, closed_share, graded
from grader.values import Record, is_number

# ---- p5.grad_norms -----------------------------------------------------------------------------------------


@graded("p5.grad_norms", points=0.5, rung="interface")
def test_grad_norms_interface(student, bench):
    """One number for each layer."""
    gradients = [[np.ones(2, np.float32)], [np.ones((2, 3), np.float32), np.ones(4, np.float32)]]
    norms = student.run(bench.layer_gradient_norms, gradients)
    check(
        norms.shape == (2,), "a tensor of shape (L,) is asked", f"for two layers it has shape {norms.shape}"
    )
    check(norms.dtype.kind == "f", "the norms are not floating-point numbers")


@graded("p5.grad_norms", points=1.5, rung="figures")
def test_grad_norms_numbers(student, bench):
    """One L2 norm over all parameters of a layer; a parameter without gradient counts as zero."""
    gradients = [
        [np.array([3.0, 0.0], np.float32), np.array([[4.0]], np.float32)],
        [np.array([5.0], np.float32), None, np.array([[-12.0, 0.0]], np.float32)],
        [None, None],
        [np.full((2, 2), 1e-6, np.float32)],  # a first layer after the collapse
    ]
    norms = student.run(bench.layer_gradient_norms, gradients)
    assert_close(list(norms), [5.0, 13.0, 0.0, 2e-6], "norms of four layers", scale=1.0)


@graded("p5.grad_norms", points=0, rung="random")
def test_grad_norms_invariants(student, bench, rng):
    """Three times the gradients, three times the norm; two layers as one have the root of both squares."""
    one, two = ([rng.normal(size=shape).astype(np.float32) for shape in ((5, 3), (4,))] for _ in range(2))
    thrice = [3 * array for array in one]
    norms = student.run(bench.layer_gradient_norms, [one, two, thrice, one + two])
    assert_same(norms.shape, (4,), "the shape of the norms")
    check(bool(np.all(norms > 0)), "a layer with gradients has norm 0")
    assert_close(float(norms[2]), 3.0 * float(norms[0]), "norm of three times the gradients")
    together = math.hypot(float(norms[0]), float(norms[1]))
    assert_close(float(norms[3]), together, "norm of two layers taken as one")


# ---- p5.capacity -------------------------------------------------------------------------------------------


@graded("p5.capacity", points=0.4, rung="interface")
def test_capacity_interface(student):
    """The worked numbers of the docstrings."""
    module = student.transformer
    assert_same(module.encoder_parameters(1, 2, 1, 4), 54, "one layer, d_model 2, d_ff 4")
    assert_close(module.parameters_per_sample(54, 20), 2.7, "54 parameters, 20 samples")
    log = [(0, 1.0), (10, 0.5), (20, 0.7), (30, 0.6), (40, 0.4)]
    assert_same(module.early_stop(log, 2), (30, 10), "stop and restored step")


@graded("p5.capacity", points=1.2, rung="figures")
def test_capacity_numbers(student):
    """Scenario C in figures: 12 layers of width 768 on 5,000 samples, and its validation log."""
    module = student.transformer
    layers = module.encoder_parameters(12, 768, 12, 3072)
    assert_same(layers, 85_054_464, "parameters of the 12 layers")
    whole = module.encoder_parameters(
        12, 768, 12, 3072, vocabulary=30522, positions=512, segments=2, pooler=True
    )
    assert_same(whole, 109_482_240, "parameters with embeddings and pooler")
    assert_close(
        module.parameters_per_sample(85_054_464, 5000), 17010.8928, "parameters per sample, layers only"
    )
    assert_close(
        module.parameters_per_sample(109_482_240, 5000), 21896.448, "parameters per sample, all of them"
    )
    log = [(0, 2.3), (5000, 0.9), (10000, 1.2), (15000, 1.5)]
    assert_same(module.early_stop(log, 2), (15000, 5000), "stop and restored step on scenario C's log")


@graded("p5.capacity", points=0, rung="random")
def test_capacity_invariants(student, rng):
    """Every layer costs the same; embeddings cost nothing per layer."""
    d, layers = int(rng.integers(8, 200)), int(rng.integers(2, 40))

    def count(number: int, **extra: int) -> int:
        return int(student.transformer.encoder_parameters(number, d, 2, 4 * d, **extra))

    check(count(layers) > 0, "an encoder has parameters")
    assert_same(count(3 * layers), 3 * count(layers), "parameters of three times the layers")
    extra = count(layers, vocabulary=100) - count(layers)
    assert_same(
        count(1, vocabulary=100) - count(1), extra, "parameters of the embeddings, whatever the depth"
    )


@graded("p5.capacity", points=0, rung="interface")
def test_fixes_interface(student):
    """FIXES is a set of names from given.FIX_NAMES."""
    fixes = student.transformer.FIXES
    unknown = fixes - FIX_NAMES
    check(not unknown, "a name is not in given.FIX_NAMES", ", ".join(sorted(map(str, unknown))))
    check(bool(fixes), "no fix is named")


FIX_NAMES = {
    *(
        "augment_text",
        "drop_validation_set",
        "dropout_or_decay",
        "early_stopping_with_restore",
        "freeze_layers",
    ),
    *("gradient_clipping", "higher_lr", "label_smoothing", "more_data", "pre_ln", "pretrained_encoder"),
    *("restore_last_weights", "smaller_model", "train_longer", "warmup"),
}

# ---- p5.adam_bound -----------------------------------------------------------------------------------------


@graded("p5.adam_bound", points=0.6, rung="interface")
def test_adam_bound_interface(student):
    """The worked numbers of the docstrings."""
    steps = student.transformer.adam_update(grads=[1.0, -1.0], beta1=0.5, beta2=0.75)
    assert_close(steps, [1.0, 1.0 / 3.0], "steps for the gradients 1, -1")
    assert_close(student.transformer.spike_bound(beta1=0.5, beta2=0.75), 1.0, "bound for beta 0.5 and 0.75")


@graded("p5.adam_bound", points=1.8, rung="figures")
def test_adam_bound_numbers(student):
    """The first step, the bounds for the usual betas, and what clipping does to a spike."""
    module = student.transformer
    assert_close(module.first_step(), 1.0, "the first step")
    assert_close(module.spike_bound(0.9, 0.999), 3.1622777, "bound for beta 0.9 and 0.999")
    assert_close(module.spike_bound(0.9, 0.98), 0.70710678, "bound for beta 0.9 and 0.98")
    history = [0.5, -0.5] * 50
    spike = module.adam_update([*history, 100.0], 0.9, 0.999)[-1]
    clipped = module.adam_update([*history, 1.0], 0.9, 0.999)[-1]
    assert_close(spike, 0.97691131, "step at a spike of 100 after 100 small gradients")
    assert_close(clipped, 0.15030869, "step at the same spike, clipped to 1")


@graded("p5.adam_bound", points=0, rung="random")
def test_adam_bound_invariants(student, rng):
    """A thousand times the gradients make the same steps; a spike after long silence approaches the bound."""
    grads = rng.normal(size=30).tolist()
    steps = student.transformer.adam_update(grads, 0.9, 0.99)
    scaled = student.transformer.adam_update([1000.0 * grad for grad in grads], 0.9, 0.99)
    check(len(set(map(float, steps))) > 1, "every step has the same size, whatever the gradients")
    assert_close(np.array(scaled), np.array(steps), "steps for scaled gradients", scale=1.0)
    beta1, beta2 = float(rng.uniform(0.5, 0.95)), float(rng.uniform(0.9, 0.99))
    last = student.transformer.adam_update([*[0.0] * 5000, float(rng.normal())], beta1, beta2)[-1]
    assert_close(student.transformer.spike_bound(beta1, beta2), last, "bound, against 5000 zeros and a spike")


# ---- p5.cure -----------------------------------------------------------------------------------------------

FAILED = {"norm": "post", "lr": 1e-2, "warmup_steps": 0, "clip_norm": None, "dropout": 0.0}


def changed_fields(config: Record, name: str) -> list[str]:
    """The fields in which a configuration differs from given.FAILING."""
    check(config.name == "Config" and set(config.fields) == set(FAILED), f"{name} is not a given.Config")
    return [field for field, failed in FAILED.items() if not same(config.fields[field], failed)]


def same(value: object, failed: object) -> bool:
    """Equality that is never surprised by what a field may hold."""
    if is_number(value) and is_number(failed):
        return float(value) == float(failed)
    return type(value) is type(failed) and isinstance(value, str | None) and value == failed


def cures(student) -> dict[str, Record]:
    """Both cures, in the form that is asked."""
    found = {"CURE_A": student.transformer.CURE_A, "CURE_B": student.transformer.CURE_B}
    changed = {name: changed_fields(config, name) for name, config in found.items()}
    for name, fields in changed.items():
        check(len(fields) == 1, f"{name} differs from FAILING in {len(fields)} fields, one is asked")
    check(changed["CURE_A"] != changed["CURE_B"], "both cures change the same field")
    return found


@graded("p5.cure", points=1.0, rung="interface")
def test_cure_interface(student):
    """Each cure changes exactly one field of FAILING, and they change different ones."""
    cures(student)


@graded("p5.cure", points=3.0, rung="figures")
@pytest.mark.timeout(45)
def test_cure_trains_here(student, bench):
    """Both cures reach an accuracy of 0.90 with a public seed, 0.10 being chance."""
    train, test = majority(8192, 12, 3), majority(500, 12, 4)
    for name, config in cures(student).items():
        predicted = student.run(bench.cure_predictions, config.fields, *train, test.tokens, 3)
        accuracy = float(np.mean(predicted == test.labels)) if predicted.shape == (500,) else 0.0
        check(accuracy >= 0.9, f"{name} does not train: accuracy below 0.90", f"it reached {accuracy:.3f}")


# ---- p5.pre_ln ---------------------------------------------------------------------------------------------


def layer_table(d: int) -> dict[str, list[int]]:
    """Shapes of a PreLNEncoderLayer's parameters."""
    return {
        "norm1.weight": [d], "norm1.bias": [d],
        "attention.in_proj_weight": [3 * d, d], "attention.in_proj_bias": [3 * d],
        "attention.out_proj.weight": [d, d], "attention.out_proj.bias": [d],
        "norm2.weight": [d], "norm2.bias": [d],
        "ffn.0.weight": [4 * d, d], "ffn.0.bias": [4 * d],
        "ffn.3.weight": [d, 4 * d], "ffn.3.bias": [d],
    }  # fmt: skip


def layer_weights(rng: np.random.Generator, d: int) -> dict[str, np.ndarray]:
    """Random weights for a layer, norms away from 1 and biases away from 0."""
    weights = {}
    for key, shape in layer_table(d).items():
        spread = 0.5 if len(shape) == 1 else shape[1] ** -0.5
        weights[key] = (rng.normal(size=shape) * spread + key.startswith("norm")).astype(np.float32)
    return weights


@graded("p5.pre_ln", points=1.0, rung="interface")
def test_pre_ln_keys(student, bench):
    """state_dict keys and shapes of the layer and the stack."""
    assert_same(student.run(bench.layer_shapes, 8, 2), layer_table(8), "keys and shapes of the layer")
    table = {f"layers.{i}.{key}": shape for i in range(2) for key, shape in layer_table(8).items()}
    table |= {"norm.weight": [8], "norm.bias": [8]}
    assert_same(student.run(bench.encoder_shapes, 2, 8, 2), table, "keys and shapes of the stack")


@graded("p5.pre_ln", points=3.0, rung="figures")
def test_pre_ln_equals_torch(student, bench):
    """One layer equals torch's norm_first layer; a stack equals two of them and a norm."""
    rng = np.random.default_rng(5)
    x = rng.normal(size=(3, 7, 8)).astype(np.float32)
    layers = [layer_weights(rng, 8) for _ in range(2)]
    want = student.run(bench.torch_layer_output, layers[0], 4, x)
    assert_close(student.run(bench.layer_output, layers[0], 4, x), want, "output of one layer")

    norm = {key: rng.normal(size=8).astype(np.float32) for key in ("weight", "bias")}
    stack = {f"layers.{i}.{key}": value for i, layer in enumerate(layers) for key, value in layer.items()}
    stack |= {f"norm.{key}": value for key, value in norm.items()}
    stream = student.run(bench.torch_layer_output, layers[1], 4, want)
    centred = stream - stream.mean(axis=-1, keepdims=True)
    normed = centred / np.sqrt(np.mean(centred**2, axis=-1, keepdims=True) + 1e-5)
    got = student.run(bench.encoder_output, stack, 2, 4, x)
    assert_close(got, normed * norm["weight"] + norm["bias"], "output of the stack")


@graded("p5.pre_ln", points=0, rung="random")
def test_pre_ln_invariants(student, bench, rng):
    """Output projections of zero: nothing changes. Samples do not mix. Padding is not read."""
    weights = layer_weights(rng, 8)
    x = rng.normal(size=(3, 3, 8)).astype(np.float32)
    silent = {k: 0 * v if k.startswith(("attention.out_proj", "ffn.3")) else v for k, v in weights.items()}
    assert_close(student.run(bench.layer_output, silent, 2, x), x, "a layer whose sublayers give zero")

    def layer(tokens: np.ndarray, padding: np.ndarray | None = None) -> np.ndarray:
        return student.run(bench.layer_output, weights, 2, tokens, padding)

    check(bool(np.any(np.abs(layer(x) - x) > 0.01)), "a layer with random weights changes nothing")
    other = np.concatenate([x[:1], rng.normal(size=(2, 3, 8)).astype(np.float32)])
    assert_close(layer(other)[0], layer(x)[0], "the first sample, whatever the others are")
    padding = np.array([[False, False, True]] * 3)
    changed = np.where(padding[:, :, None], 5.0, x).astype(np.float32)
    assert_close(layer(changed, padding)[:, :2], layer(x, padding)[:, :2], "tokens beside padding")


# ---- p5.diagnose -------------------------------------------------------------------------------------------

WORDS = {
    "cause": ("diverged", "healthy", "lr_too_high", "lr_too_low", "overfit", "vanishing"),
    "mechanism": (
        "memorising", "none", "post_ln_always_vanishes", "product_of_small_derivatives", "runaway_growth",
        "step_destroys_signal", "steps_too_small",
    ),
    "prevention": (
        "check_layer_norms_at_step_0", "lr_range_test", "needs_clipping", "needs_more_layers", "none",
        "validate_and_stop", "warmup_or_range_test", "zero_grad_lower_lr_and_loss_alarm",
    ),
}  # fmt: skip
FIGURES = ("chance_loss", "gradient_ratio_first", "gradient_ratio_last", "best_step")


def public_traces() -> dict[str, dict]:
    """The six traces of `python -m experiment trace`, with their answers."""
    return json.loads(Path(__file__).with_name("traces_public.json").read_text(encoding="utf-8"))


@graded("p5.diagnose", points=1.2, rung="interface")
def test_diagnose_interface(student):
    """Seven keys: three words from given.py, four numbers."""
    for name, row in public_traces().items():
        got = student.transformer.diagnose(row["trace"])
        assert_same(sorted(map(str, got)), sorted([*WORDS, *FIGURES]), f"keys for trace {name}")
        for key, words in WORDS.items():
            known = isinstance(got[key], str) and got[key] in words
            check(known, f"{key} for trace {name} is not one of the words in given.py")
        for key in FIGURES:
            check(is_number(got[key]), f"{key} for trace {name} is not a number")


@graded("p5.diagnose", points=1.2, rung="figures")
def test_diagnose_public_figures(student):
    """Chance loss, gradient ratios and best step of the six public traces."""
    for name, row in public_traces().items():
        got = student.transformer.diagnose(row["trace"])
        for key in FIGURES:
            assert_close(got.get(key), row["answer"][key], f"{key} of trace {name}")


@graded("p5.diagnose", points=2.4, rung="figures")
def test_diagnose_public_words(student):
    """Cause, mechanism and prevention of the six public traces."""
    cases, wrong = [], []
    for name, row in public_traces().items():
        got = student.transformer.diagnose(row["trace"])
        required = {(key, row["answer"][key]) for key in WORDS}
        named = {(key, got[key]) for key in WORDS if isinstance(got.get(key), str)}
        every = {(key, word) for key, possible in WORDS.items() for word in possible}
        cases.append((named, required, every - required))
        wrong += [f"{name}: {key}" for key, _ in sorted(required - named)]
    award(closed_share(cases), "words that do not fit their trace: " + ", ".join(wrong))
