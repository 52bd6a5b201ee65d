"""p5's first half as its tests judge it: known mistakes, correct rewrites, thoughtless answers.

The assignment's own tests run here against code in this process: the same verdicts as in a real run, without
the worker processes. Training runs (p5.cure) are judged under the marker ``slow``.
"""

from __future__ import annotations

import copy
import dataclasses
import importlib.util
import pickle
import sys
import zlib
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch

from grader.compare import Tolerance, difference
from grader.faults import Mismatch, Raised, SubmissionFault, Unusable
from grader.interface import mismatch, read_members
from grader.lint import lint_file
from grader.mistakes import read_mistakes
from grader.values import Record

# Minutes in all: CI grades the reference through the real path, this goes before a release of the assignment.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

ROOT = Path(__file__).parents[1]
ASSIGNMENT = ROOT / "assignments" / "p5"
REFERENCE = ROOT / "reference" / "p5"
BENCHES = ("bench_public_transformer", "bench_transformer")
TESTS = ("test_public_transformer", "test_hidden_transformer", "test_hidden_transformer_runs")
POINTS = {
    "p5.grad_norms": 5,
    "p5.capacity": 6,
    "p5.adam_bound": 6,
    "p5.cure": 10,
    "p5.pre_ln": 10,
    "p5.diagnose": 12,
}
TRAINS = ("test_cure_trains_here", "test_cure_a_trains", "test_cure_b_trains")
SEED = 20
MISTAKES = {name: known for name, known in read_mistakes(REFERENCE).items() if known.module == "transformer"}
# What only a training run shows.
TRAINED_MISTAKES = {"cure_by_clipping", "cure_by_tenth_warmup", "cure_by_dropout", "cure_by_higher_rate"}


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """As in a worker; rounding depends on it."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


# ---- A subject in this process -----------------------------------------------------------------------------


def received(value: Any) -> Any:
    """What a worker makes of an argument."""
    if isinstance(value, np.ndarray):
        return torch.from_numpy(value.copy())
    if isinstance(value, dict):
        return {key: received(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(received(entry) for entry in value)
    return value


def plain(value: Any) -> Any:
    """What the judge makes of an answer."""
    if isinstance(value, torch.Tensor):
        return value.detach().numpy().copy()
    if dataclasses.is_dataclass(value):
        return Record(type(value).__name__, dict(vars(value)))
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, dict):
        return {plain(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple | set):
        return type(value)(plain(entry) for entry in value)
    return value


@cache
def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


class Local:
    """A submission made of the reference and text appended to transformer.py, with benches of its own."""

    def __init__(self, appended: str = "") -> None:
        names = ("given", "transformer", *BENCHES)
        known = {name: sys.modules.pop(name, None) for name in names}
        try:
            load("given", text_of(REFERENCE / "given.py"))
            code = f"{text_of(REFERENCE / 'transformer.py')}\n\n{appended}"
            self.module = load("transformer", code)
            self.benches = [load(name, text_of(ASSIGNMENT / f"{name}.py")) for name in BENCHES]
        finally:
            for name, module in known.items():
                sys.modules.pop(name, None)
                if module is not None:
                    sys.modules[name] = module
        self.asked: list[tuple[str, tuple[Any, ...], dict[str, Any], Any]] = []

    @property
    def transformer(self) -> Local:
        return self

    def __getattr__(self, name: str) -> Any:
        if name.isupper():
            return self.ask(name)
        return lambda *args, **kwargs: self.ask(name, *args, **kwargs)

    def run(self, name: str, /, *args: Any, **kwargs: Any) -> Any:
        return self.ask(name, *args, **kwargs)

    def ask(self, name: str, /, *args: Any, **kwargs: Any) -> Any:
        """A call across a border that is not there; what was asked and answered is remembered."""
        given = copy.deepcopy((args, kwargs))
        try:
            value = self.answer(name, *args, **kwargs)
        except Raised as raised:
            self.asked.append((name, *given, raised.types))
            raise
        self.asked.append((name, *given, copy.deepcopy(value)))
        member = INTERFACE.get(name)
        problem = mismatch(value, member.annotation) if member else None
        if problem is not None:
            raise Unusable(problem)
        return value

    def answer(self, name: str, /, *args: Any, **kwargs: Any) -> Any:
        torch.manual_seed(SEED)  # as each worker has a seed of its own
        found = next(getattr(each, name) for each in (self.module, *self.benches) if hasattr(each, name))
        if name.isupper():
            return plain(found)
        try:
            return plain(found(*received(args), **received(kwargs)))
        except Exception as error:
            types = tuple(kind.__name__ for kind in type(error).__mro__)
            raise Raised(f"raised {types[0]}", str(error), types=types) from error


class Remembering(Local):
    """The reference, asked the same by every submission's tests: it answers each question once."""

    def __init__(self) -> None:
        super().__init__()
        self.known: dict[bytes, Any] = {}

    def answer(self, name: str, /, *args: Any, **kwargs: Any) -> Any:
        question = pickle.dumps((name, args, kwargs))
        if question not in self.known:
            self.known[question] = super().answer(name, *args, **kwargs)
        return copy.deepcopy(self.known[question])


class Names:
    """The fixture `bench` without its source: a function is its name."""

    def __getattr__(self, name: str) -> str:
        return name


def load(name: str, code: str) -> ModuleType:
    module = ModuleType(name)
    sys.modules[name] = module
    exec(compile(code, f"<{name}>", "exec"), module.__dict__)
    return module


INTERFACE = read_members(text_of(REFERENCE / "transformer.py"))


@cache
def reference() -> Remembering:
    return Remembering()


@cache
def graded_tests() -> dict[str, Callable[..., None]]:
    """The graded tests of this half by name."""
    found: dict[str, Callable[..., None]] = {}
    for file in TESTS:
        spec = importlib.util.spec_from_file_location(f"_{file}_judging", ASSIGNMENT / f"{file}.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        found |= {name: test for name, test in vars(module).items() if name.startswith("test_")}
    return found


def marker(name: str) -> dict[str, Any]:
    marks = graded_tests()[name].pytestmark  # type: ignore[attr-defined]
    return next(mark.kwargs for mark in marks if mark.name == "graded")


def share(name: str, student: Local, seed: int = SEED) -> float:
    """What one test pays, as a share; a GraderFault passes through."""
    test = graded_tests()[name]
    fixtures = {
        "student": student,
        "reference": reference(),
        "bench": Names(),
        "rng": np.random.default_rng([seed, zlib.crc32(name.encode())]),
    }
    code = test.__code__
    try:
        test(**{fixture: fixtures[fixture] for fixture in code.co_varnames[: code.co_argcount]})
    except Mismatch as found:
        return found.share
    except SubmissionFault:
        return 0.0
    return 1.0


def lost(appended: str, questions: set[str], seed: int = SEED) -> dict[str, float]:
    """Points that a submission loses, question by question; training runs are left out."""
    losses: dict[str, float] = {}
    for name in graded_tests():
        mark = marker(name)
        if name in TRAINS or mark["question"] not in questions:
            continue
        missing = (1.0 - share(name, Local(appended), seed)) * mark["points"]
        if missing > 1e-9:
            losses[mark["question"]] = losses.get(mark["question"], 0.0) + missing
    return losses


# ---- Points and rules --------------------------------------------------------------------------------------


def test_points_add_up() -> None:
    sums = dict.fromkeys(POINTS, 0)
    for name in graded_tests():
        sums[marker(name)["question"]] += round(10 * marker(name)["points"])
    assert sums == {question: 10 * points for question, points in POINTS.items()}


@pytest.mark.parametrize("file", TESTS)
def test_the_tests_keep_the_house_rules(file: str) -> None:
    assert lint_file(ASSIGNMENT / f"{file}.py") == []


@pytest.mark.parametrize("seed", [3, 4])
def test_the_reference_loses_nothing(seed: int) -> None:
    assert lost("", set(POINTS), seed) == {}


@pytest.mark.parametrize("question", [name for name in POINTS if name != "p5.cure"])
def test_what_the_reference_answers_depends_on_the_seed(question: str) -> None:
    """Otherwise a submission could answer by heart; p5.cure trains on data of the seed."""
    answers = []
    for seed in (1, 2):
        student = Local()
        for name in graded_tests():
            mark = marker(name)
            if mark["question"] == question and mark["rung"] == "random":
                share(name, student, seed)
        answers.append([answer for *_, answer in student.asked])
    assert difference(answers[0], answers[1], Tolerance()) is not None


# ---- Known mistakes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(MISTAKES.keys() - TRAINED_MISTAKES))
def test_a_known_mistake_loses_points_where_it_says(name: str) -> None:
    known = MISTAKES[name]
    assert set(known.questions) <= set(POINTS)
    assert set(lost(known.source, set(known.questions))) == set(known.questions)


@pytest.mark.parametrize("name", ["heads_multiply", "no_bias_correction", "post_ln", "last_of_ties"])
def test_a_known_mistake_loses_nothing_elsewhere(name: str) -> None:
    known = MISTAKES[name]
    assert lost(known.source, POINTS.keys() - set(known.questions)) == {}


@pytest.mark.parametrize("name", sorted(MISTAKES.keys() - TRAINED_MISTAKES))
def test_a_known_mistake_is_told_from_the_others(name: str) -> None:
    """In a test that it fails, no other mistake of the question answers alike."""
    known = MISTAKES[name]
    told = False
    for test in graded_tests():
        if told or test in TRAINS or marker(test)["question"] not in known.questions:
            continue
        student = Local(known.source)
        if share(test, student) < 1.0:
            others = rivals(known.questions)
            alike = [other for other in others if agrees(MISTAKES[other].source, student.asked)]
            assert name in alike
            told = alike == [name]
    assert told


def rivals(questions: tuple[str, ...]) -> list[str]:
    return [name for name, known in MISTAKES.items() if set(questions) & set(known.questions)]


def agrees(source: str, asked: list[tuple[str, tuple[Any, ...], dict[str, Any], Any]]) -> bool:
    """Whether a mistake answers every question in the same way."""
    subject = Local(source)
    for name, args, kwargs, answer in asked:
        try:
            own = subject.answer(name, *args, **kwargs)
        except Raised as raised:
            own = raised.types
        if difference(own, answer, Tolerance()) is not None:
            return False
    return True


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", ["", *sorted(TRAINED_MISTAKES)])
def test_training_tells_a_cure_from_what_is_none(name: str) -> None:
    appended = MISTAKES[name].source if name else ""
    shares = {test: share(test, Local(appended)) for test in TRAINS}
    assert (set(shares.values()) == {1.0}) == (not name), shares


# ---- Right answers in another style ------------------------------------------------------------------------

REWRITES = {
    "norms of norms": ("p5.grad_norms", """
def grad_norms(layers):
    rows = [[p.grad.norm().item() for p in layer.parameters() if p.grad is not None] for layer in layers]
    return torch.tensor([math.hypot(*row) for row in rows], dtype=torch.float64)
"""),
    "squares summed in numpy": ("p5.grad_norms", """
import numpy as np


def grad_norms(layers):
    grads = [[p.grad.numpy().astype(float) for p in m.parameters() if p.grad is not None] for m in layers]
    return np.array([np.sqrt(sum((g**2).sum() for g in group)) for group in grads])
"""),
    "torch's own total norm": ("p5.grad_norms", """
def grad_norms(layers):
    out = []
    for layer in layers:
        grads = [p.grad for _, p in layer.named_parameters() if p.grad is not None]
        out.append(nn.utils.get_total_norm(grads))
    return torch.stack([torch.as_tensor(norm) for norm in out]) if out else torch.empty(0)
"""),
    "a table of shapes": ("p5.capacity", """
def encoder_parameters(layers, d_model, num_heads, d_ff, vocabulary=0, positions=0, segments=0, pooler=False):
    d = d_model
    per_layer = [(3 * d, d), (3 * d,), (d, d), (d,), (d_ff, d), (d_ff,), (d, d_ff), (d,), (4, d)]
    extra = [(vocabulary, d), (positions, d), (segments, d), (2, d)] if vocabulary > 0 else []
    extra += [(d, d), (d,)] if pooler else []
    return layers * sum(map(math.prod, per_layer)) + sum(map(math.prod, extra))


def parameters_per_sample(parameters, samples):
    if not samples:
        raise ValueError
    return torch.tensor(parameters, dtype=torch.float64) / samples


def early_stop(log, patience):
    if len(log) == 0:
        raise ValueError("empty")
    best, at = float("inf"), -1
    for i, (step, loss) in enumerate(log):
        if not math.isnan(loss) and loss < best:
            best, at = loss, i
        if i - at >= patience:
            break
    return step, log[max(at, 0)][0]


FIXES = {"pretrained_encoder", "smaller_model", "dropout_or_decay", "early_stopping_with_restore"}
FIXES |= {"more_data", "augment_text"}
"""),
    "float32 tensors": ("p5.adam_bound", """
def adam_update(grads, beta1, beta2):
    m, v, out = torch.zeros(()), torch.zeros(()), []
    for t, g in enumerate(torch.tensor(grads), 1):
        m = torch.lerp(g, m, beta1)
        v = torch.lerp(g * g, v, beta2)
        step = (m / (1 - beta1**t)) / (v / (1 - beta2**t)).sqrt()
        out.append(step.abs().nan_to_num(0.0))
    return out


def first_step():
    return torch.tensor(1)


def spike_bound(beta1, beta2):
    return ((1 - beta1) ** 2 / (1 - beta2)) ** 0.5
"""),
    "weights of the past written out": ("p5.adam_bound", """
import numpy as np


def adam_update(grads, beta1, beta2):
    grads = np.asarray(grads, dtype=float)
    steps = []
    for t in range(1, len(grads) + 1):
        age = np.arange(t)[::-1]
        mean = (beta1**age) @ grads[:t] / (beta1**age).sum()
        square = (beta2**age) @ grads[:t] ** 2 / (beta2**age).sum()
        steps.append(0.0 if square == 0 else abs(mean) / np.sqrt(square))
    return steps


def first_step():
    return adam_update([-3.0], 0.9, 0.999)[0]
"""),
    "another pair of cures": ("p5.cure", """
CURE_A = Config("post", 3e-4, 0, None, 0.0)
CURE_B = replace(FAILING, warmup_steps=110)
"""),
    "attention spelled out": ("p5.pre_ln", """
import torch.nn.functional as F


def _attend(self, x, padding=None):
    mha = self.attention
    batch, tokens, d = x.shape
    qkv = F.linear(x, mha.in_proj_weight, mha.in_proj_bias).view(batch, tokens, 3, mha.num_heads, -1)
    q, k, v = qkv.permute(2, 0, 3, 1, 4)
    scores = q @ k.transpose(-1, -2) / math.sqrt(d // mha.num_heads)
    if padding is not None:
        scores = scores.masked_fill(padding[:, None, None, :], -math.inf)
    weights = F.dropout(scores.softmax(-1), mha.dropout, self.training)
    return mha.out_proj((weights @ v).transpose(1, 2).reshape(batch, tokens, d))


def _layer(self, x, padding=None):
    x = x + self.dropout(_attend(self, self.norm1(x), padding))
    hidden = F.gelu(self.ffn[0](self.norm2(x)))
    x = x + self.dropout(self.ffn[3](self.ffn[2](hidden)))
    return x if padding is None else x.masked_fill(padding[..., None], 0.0)


def _stack(self, x, padding=None):
    for layer in self.layers:
        x = layer(x, padding=padding)
    return F.layer_norm(x, x.shape[-1:], self.norm.weight, self.norm.bias)


PreLNEncoderLayer.forward, PreLNEncoder.forward = _layer, _stack
"""),
    "weights asked for, layers added by name": ("p5.pre_ln", """
class PreLNEncoderLayer(nn.Module):
    def __init__(self, d_model, num_heads, dropout=0.0):
        super().__init__()
        self.ffn = nn.Sequential(
            nn.Linear(d_model, 4 * d_model), nn.GELU(), nn.Dropout(dropout), nn.Linear(4 * d_model, d_model)
        )
        self.norm2, self.norm1 = nn.LayerNorm(d_model), nn.LayerNorm(d_model)
        self.attention = nn.MultiheadAttention(d_model, num_heads, dropout, batch_first=True)
        self.drop1, self.drop2 = nn.Dropout(dropout), nn.Dropout(dropout)

    def forward(self, x, padding=None):
        h = self.norm1(x)
        x = x + self.drop1(self.attention(h, h, h, padding)[0])
        return x + self.drop2(self.ffn(self.norm2(x)))


class PreLNEncoder(nn.Module):
    def __init__(self, num_layers, d_model, num_heads, dropout=0.0):
        super().__init__()
        self.norm = nn.LayerNorm(d_model)
        self.layers = nn.Sequential()
        for index in range(num_layers):
            self.layers.add_module(str(index), PreLNEncoderLayer(d_model, num_heads, dropout))

    def forward(self, x, padding=None):
        for index in range(len(self.layers)):
            x = self.layers[index](x, padding)
        return self.norm(x)
"""),
    "other limits, numpy figures": ("p5.diagnose", """
import numpy as np

_PAIRS = {
    "diverged": "runaway_growth zero_grad_lower_lr_and_loss_alarm", "healthy": "none none",
    "overfit": "memorising validate_and_stop", "lr_too_low": "steps_too_small lr_range_test",
    "lr_too_high": "step_destroys_signal warmup_or_range_test",
    "vanishing": "product_of_small_derivatives check_layer_norms_at_step_0",
}


def diagnose(trace):
    chance = np.log(trace["num_classes"])
    end = np.mean(trace["loss"][-3:]) / chance
    norms = np.array(trace["grad_norms"])
    fine = norms[np.isfinite(norms).all(axis=1) & (norms[:, -1] != 0)]
    first, last = norms[0, 0] / norms[0, -1], fine[-1, 0] / fine[-1, -1]
    validation = np.array(trace["val_loss"])
    if first < 0.03 and end < 3:
        cause = "vanishing"
    elif not end < 3:
        cause = "diverged"
    elif end > 0.5:
        cause = "lr_too_high" if last < 0.02 else "lr_too_low"
    else:
        cause = "overfit" if validation[-1] > 1.2 * np.nanmin(validation) else "healthy"
    mechanism, prevention = _PAIRS[cause].split()
    return {
        "cause": cause, "mechanism": mechanism, "prevention": prevention, "chance_loss": chance,
        "gradient_ratio_first": first, "gradient_ratio_last": torch.tensor(last),
        "best_step": float(trace["val_step"][int(np.nanargmin(validation))]),
    }
"""),
}  # fmt: skip


@pytest.mark.parametrize("name", REWRITES)
@pytest.mark.parametrize("seed", [5, 6])
def test_a_right_answer_in_another_style_loses_nothing(name: str, seed: int) -> None:
    question, source = REWRITES[name]
    assert lost(source, {question}, seed) == {}


# ---- Answers that take no understanding --------------------------------------------------------------------

THOUGHTLESS = {
    "p5.grad_norms": ["def grad_norms(layers): return torch.full((len(layers),), {value})"],
    "p5.capacity": [
        "def encoder_parameters(*args, **kwargs): return int({value})\n"
        "def parameters_per_sample(*args): return float({value})\n"
        "def early_stop(log, patience): return log[-1][0], log[0][0]\n"
        "FIXES = set({fixes})"
    ],
    "p5.adam_bound": [
        "def adam_update(grads, beta1, beta2): return [float({value})] * len(grads)\n"
        "def spike_bound(beta1, beta2): return float({value})"
    ],
    "p5.pre_ln": [
        "PreLNEncoder.forward = PreLNEncoderLayer.forward = lambda self, x, padding=None: x * {value}",
        "PreLNEncoder.forward = PreLNEncoderLayer.forward = lambda self, x, padding=None: x",
    ],
    "p5.diagnose": [
        "_words = dict(zip(('cause', 'mechanism', 'prevention'), {story}))\n"
        "def diagnose(trace): return _words | dict(chance_loss=2.302585, gradient_ratio_first={value},"
        " gradient_ratio_last={value}, best_step=int({value}))"
    ],
}
STORIES = [
    ("lr_too_high", "step_destroys_signal", "warmup_or_range_test"),
    ("healthy", "none", "none"),
    ("vanishing", "none", "lr_range_test"),
]
CONSTANTS = [
    {"value": value, "story": story, "fixes": fixes}
    for value, story, fixes in zip(
        (0.0, 1.0, 5000.0), STORIES, ("()", "FIXES", "__import__('given').FIX_NAMES"), strict=True
    )
]


@pytest.mark.parametrize("question", THOUGHTLESS)
@pytest.mark.parametrize("constants", CONSTANTS, ids=["zero", "one", "large"])
def test_a_thoughtless_answer_passes_no_random_test(question: str, constants: dict[str, Any]) -> None:
    """So the interface and the handout's numbers are not paid either."""
    names = [name for name in graded_tests() if marker(name)["question"] == question]
    for source in THOUGHTLESS[question]:
        student = source.format(**{**constants, "story": repr(constants["story"])})
        for name in names:
            if marker(name)["rung"] == "random" and "gradients" not in name:
                assert share(name, Local(student)) == 0.0, name
