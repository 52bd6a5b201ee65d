"""Content of p5's second half: the known mistakes, correct rewrites, thoughtless answers, the faulty script.

The assignment's own tests run here against code in this process: the same verdicts as in a real run, without
the worker processes. The gate's runs are left to `grader calibrate`; here its measure is asked of subjects of
known accuracy.
"""

from __future__ import annotations

import importlib.util
import itertools
import pickle
import sys
import zlib
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from grader.config import load_assignment
from grader.datasets.digits import digits
from grader.faults import Mismatch, Raised, SubmissionFault
from grader.lint import lint_file
from grader.mistakes import read_mistakes
from grader.worker.plain import to_plain

# A submission's tests take two seconds of one core, many times that on a machine that is busy otherwise.
pytestmark = pytest.mark.timeout(120)

ROOT = Path(__file__).parents[1]
ASSIGNMENT = ROOT / "assignments" / "p5"
REFERENCE = ROOT / "reference" / "p5"
BENCHES = ("bench_public_debugging", "bench_debugging")
TESTS = ("test_public_debugging", "test_hidden_debugging", "test_hidden_debugging_loop")
GATED = "p5.accuracy"
SEED = 20

POINTS = {
    "p5.issues": 6,
    "p5.network": 9,
    "p5.train": 20,
    "p5.plateau": 6,
    "p5.accuracy": 6,
    "p5.speed": 4,
}
MISTAKES = {name: known for name, known in read_mistakes(REFERENCE).items() if known.module == "debugging"}


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """As in a worker; rounding depends on it."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


# ---- A subject in this process


def received(value: Any) -> Any:
    """What a worker makes of an argument."""
    if isinstance(value, np.ndarray):
        return torch.from_numpy(value.copy())
    if isinstance(value, dict):
        return {key: received(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(received(entry) for entry in value)
    return value


def answered(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """A call across a border that is not there: plain data in and out, exceptions as outcomes."""
    try:
        return to_plain(function(*received(args), **received(kwargs)))
    except Exception as error:
        types = tuple(kind.__name__ for kind in type(error).__mro__)
        raise Raised(f"raised {types[0]}", str(error), types=types) from error


class Local:
    """A submission made of the reference and some text appended to debugging.py, with benches of its own."""

    def __init__(self, appended: str = "") -> None:
        self._known = sys.modules.pop("debugging", None)
        try:
            code = f"{read(REFERENCE / 'debugging.py')}\n\n{appended}"
            self.module = self._load("debugging", code)
            self.benches = [self._load(name, read(ASSIGNMENT / f"{name}.py")) for name in BENCHES]
        finally:
            for name in ("debugging", *BENCHES):
                sys.modules.pop(name, None)
            if self._known is not None:
                sys.modules["debugging"] = self._known

    @staticmethod
    def _load(name: str, code: str) -> ModuleType:
        module = ModuleType(name)
        sys.modules[name] = module
        exec(compile(code, f"<{name}>", "exec"), module.__dict__)
        return module

    @property
    def debugging(self) -> SimpleNamespace:
        module = self.module
        return SimpleNamespace(
            ISSUES=to_plain(module.ISSUES),
            PLATEAU=to_plain(module.PLATEAU),
            chance_loss=lambda *args: answered(module.chance_loss, *args),
        )

    def run(self, name: str, /, *args: Any, **kwargs: Any) -> Any:
        torch.manual_seed(SEED)  # as each worker has a seed of its own
        bench = next(bench for bench in self.benches if hasattr(bench, name))
        return answered(getattr(bench, name), *args, **kwargs)


class Remembering(Local):
    """The reference, asked the same by every submission's tests: it answers each question once."""

    def __init__(self) -> None:
        super().__init__()
        self._answers: dict[bytes, Any] = {}

    def run(self, name: str, /, *args: Any, **kwargs: Any) -> Any:
        question = pickle.dumps((name, args, kwargs))
        if question not in self._answers:
            self._answers[question] = super().run(name, *args, **kwargs)
        return self._answers[question]


class Names:
    """The fixture `bench` without its source: a function is its name."""

    def __getattr__(self, name: str) -> str:
        return name


@cache
def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@cache
def reference() -> Remembering:
    return Remembering()


@cache
def graded_tests() -> dict[str, Callable[..., None]]:
    """The graded tests of this half by name."""
    found: dict[str, Callable[..., None]] = {}
    for file in TESTS:
        spec = importlib.util.spec_from_file_location(f"_{file}_under_test", ASSIGNMENT / f"{file}.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        found |= {name: test for name, test in vars(module).items() if name.startswith("test_")}
    return found


def wanted(test: Callable[..., None]) -> tuple[str, ...]:
    """The fixtures that a test asks for."""
    return test.__code__.co_varnames[: test.__code__.co_argcount]


def marker(test: Callable[..., None]) -> dict[str, Any]:
    return next(mark.kwargs for mark in test.pytestmark if mark.name == "graded")  # type: ignore[attr-defined]


def share(name: str, subject: Local, seed: int = SEED) -> float:
    """What one test pays, as a share; a GraderFault passes through."""
    test = graded_tests()[name]
    fixtures = {
        "student": subject,
        "reference": reference(),
        "bench": Names(),
        "rng": np.random.default_rng([seed, zlib.crc32(name.encode())]),
    }
    try:
        test(**{fixture: fixtures[fixture] for fixture in wanted(test)})
    except Mismatch as mismatch:
        return mismatch.share
    except SubmissionFault:
        return 0.0
    return 1.0


def lost(subject: Local, seed: int = SEED) -> dict[str, float]:
    """Points that a subject loses, question by question."""
    losses: dict[str, float] = {}
    for name, test in graded_tests().items():
        mark = marker(test)
        if "gate" in wanted(test):
            continue
        if (missing := 1.0 - share(name, subject, seed)) > 0:
            losses[mark["question"]] = losses.get(mark["question"], 0.0) + missing * mark["points"]
    return losses


# ---- Points and keys


def test_points_add_up() -> None:
    sums = dict.fromkeys(POINTS, 0)
    for test in graded_tests().values():
        sums[marker(test)["question"]] += round(10 * marker(test)["points"])
    assert sums == {question: 10 * points for question, points in POINTS.items()}


def test_the_assignment_lists_the_questions_and_the_gate() -> None:
    assignment = load_assignment(ASSIGNMENT)
    asked = {name for name, question in assignment.questions.items() if question.file == "debugging.py"}
    assert asked == set(POINTS)
    assert set(assignment.gates[GATED].wrong) == {
        name for name, known in MISTAKES.items() if GATED in known.questions
    }


@pytest.mark.parametrize("file", TESTS)
def test_the_tests_keep_the_house_rules(file: str) -> None:
    assert lint_file(ASSIGNMENT / f"{file}.py") == []


def test_the_lists_of_words_are_the_same_everywhere() -> None:
    module = reference().module
    public = graded_tests()["test_issues_form"].__globals__
    hidden = graded_tests()["test_issues"].__globals__
    assert set(module.FAULTS) == public["FAULTS"]
    assert set(module.WHERE) == public["WHERE"]
    assert set(module.EFFECTS) == public["EFFECTS"]
    assert set(module.CONFIGURATIONS) == public["CONFIGURATIONS"] == set(hidden["PLATEAU"])
    assert set(module.OUTCOMES) == public["OUTCOMES"]
    assert set(hidden["ISSUES"]) | hidden["ALLOWED"] < set(module.FAULTS)


def test_the_words_give_nothing_away_by_their_order() -> None:
    assert list(reference().module.FAULTS) == sorted(reference().module.FAULTS)


# ---- Right, wrong and thoughtless answers


@pytest.mark.parametrize("seed", range(3))
def test_the_reference_loses_nothing(seed: int) -> None:
    assert lost(Local(), seed) == {}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_known_mistake_loses_points_where_it_says_and_nowhere_else(name: str) -> None:
    known = MISTAKES[name]
    assert set(known.questions) <= set(POINTS)
    assert set(lost(Local(known.source))) == set(known.questions) - {GATED}


LOOP = """
def train(model, loader, epochs, lr=1e-3):
    optimizer = torch.optim.Adam(model.parameters(), lr=lr{options})
    history = []
    model.train()
    {before}
    for epoch in range(epochs):
        optimizer.param_groups[0]["lr"] = rate = lr * (1 + math.cos(math.pi * epoch / epochs)) / 2
        losses, counts = [], []
        for inputs, targets in loader:
            {clear}
            loss = {loss}
            loss.backward()
            {step}
            losses.append({report} * len(targets))
            counts.append(len(targets))
        history.append({{"loss": {mean}, "lr": rate}})
    return history
"""
PLAIN = {
    "options": "",
    "before": "pass",
    "clear": "optimizer.zero_grad()",
    "loss": "F.cross_entropy(model(inputs), targets)",
    "step": "optimizer.step()",
    "report": "loss.item()",
    "mean": "sum(losses) / sum(counts)",
}
LOOPS = {
    "rate by formula": {},
    "gradients set to zero": {"clear": "optimizer.zero_grad(set_to_none=False)"},
    "gradients of the model": {"clear": "model.zero_grad()"},
    "gradients dropped one by one": {"clear": "for p in model.parameters(): p.grad = None"},
    "cleared after the step and once before": {
        "before": "optimizer.zero_grad()",
        "clear": "pass",
        "step": "optimizer.step(); optimizer.zero_grad()",
    },
    "one parameter at a time": {"options": ", foreach=False"},
    "fused": {"options": ", fused=True"},
    "log-softmax and nll": {"loss": "F.nll_loss(model(inputs).log_softmax(1), targets)"},
    "sum over the batch's size": {
        "loss": "F.cross_entropy(model(inputs), targets, reduction='sum') / len(targets)"
    },
    "losses as detached tensors": {
        "report": "loss.detach()",
        "mean": "torch.stack(losses).sum() / sum(counts)",
    },
    "mean weighted by numpy": {
        "report": "1 / len(targets) * loss.item()",
        "mean": "__import__('numpy').average(losses, weights=counts)",
    },
}
OTHER_LOOPS = {
    "a schedule of torch's, read after the fact": """
def train(model, loader, epochs, lr=1e-3):
    optimizer = torch.optim.Adam(model.parameters(), lr)
    cosine = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda epoch: 0.5 + 0.5 * math.cos(math.pi * epoch / epochs)
    )
    history = []
    for epoch in range(epochs):
        model.train()
        pairs = []
        for batch in loader:
            optimizer.zero_grad()
            loss = nn.CrossEntropyLoss()(model(batch[0]), batch[1])
            loss.backward()
            optimizer.step()
            pairs.append((loss.item(), batch[1].shape[0]))
        history.append({"epoch": epoch, "lr": cosine.get_last_lr()[0]})
        history[-1]["loss"] = sum(a * b for a, b in pairs) / sum(b for _, b in pairs)
        cosine.step()
    return history
""",
    "an Adam of one's own": """
def train(model, loader, epochs, lr=1e-3):
    parameters = list(model.parameters())
    first = [torch.zeros_like(p) for p in parameters]
    second = [torch.zeros_like(p) for p in parameters]
    step, history = 0, []
    model.train()
    for epoch in range(epochs):
        rate = lr * math.cos(math.pi * epoch / epochs / 2) ** 2
        total = count = 0
        for inputs, targets in loader:
            step += 1
            loss = F.cross_entropy(model(inputs), targets)
            with torch.no_grad():
                for p, m, v, g in zip(parameters, first, second, torch.autograd.grad(loss, parameters)):
                    m.lerp_(g, 0.1)
                    v.mul_(0.999).add_(g * g, alpha=0.001)
                    p -= rate * (m / (1 - 0.9**step)) / ((v / (1 - 0.999**step)).sqrt() + 1e-8)
            total += loss.item() * len(targets)
            count += len(targets)
        history.append(dict(loss=total / count, lr=rate))
    return history
""",
}
NETWORKS = {
    "as in the document": """
class DeepNetwork(nn.Module):
    def __init__(self, width=256, num_classes=10):
        super().__init__()
        layers = []
        for a, b in [(784, width)] + 3 * [(width, width)] + [(width, width // 2)]:
            layers += [nn.Linear(a, b), nn.BatchNorm1d(b), nn.ReLU(inplace=True)]
        self.layers = nn.Sequential(*layers, nn.Dropout(0.5), nn.Linear(width // 2, num_classes))
        for m in self.modules():
            if isinstance(m, nn.Linear):
                nn.init.kaiming_normal_(m.weight, nonlinearity="relu")
                nn.init.zeros_(m.bias)

    def forward(self, x):
        return self.layers(x.reshape(-1, 784))
""",
    "uniform, functions, the head first": """
class DeepNetwork(nn.Module):
    def __init__(self, width=256, num_classes=10):
        super().__init__()
        self.head = nn.Linear(width // 2, num_classes)
        sizes = [784] + 4 * [width] + [width // 2]
        self.norms = nn.ModuleList(nn.BatchNorm1d(size) for size in sizes[1:])
        self.linears = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes, sizes[1:]))
        for linear in self.linears:
            nn.init.kaiming_uniform_(linear.weight, nonlinearity="relu")

    def forward(self, x):
        x = torch.flatten(x, start_dim=1)
        for linear, norm in zip(self.linears, self.norms):
            x = F.relu(norm(linear(x)))
        return self.head(F.dropout(x, 0.5, self.training))
""",
    "products of matrices": """
class DeepNetwork(nn.Module):
    def __init__(self, width=256, num_classes=10):
        super().__init__()
        sizes = [784, width, width, width, width, width // 2, num_classes]
        self.matrices = nn.ParameterList(
            nn.Parameter(torch.randn(a, b) * (2 / a) ** 0.5) for a, b in zip(sizes, sizes[1:])
        )
        self.norms = nn.ModuleList(nn.BatchNorm1d(size) for size in sizes[1:-1])
        self.drop = nn.Dropout()

    def forward(self, x):
        x = x.contiguous().view(len(x), -1)
        for norm, matrix in zip(self.norms, self.matrices):
            x = norm(x @ matrix).clamp(min=0)
        return self.drop(x) @ self.matrices[5]
""",
}
REWRITES = (
    {name: LOOP.format(**{**PLAIN, **change}) for name, change in LOOPS.items()} | OTHER_LOOPS | NETWORKS
)


@pytest.mark.parametrize("name", REWRITES)
def test_a_correct_rewrite_loses_nothing(name: str) -> None:
    assert lost(Local(REWRITES[name])) == {}


THOUGHTLESS = {
    "zeros": """
class DeepNetwork(nn.Module):
    def __init__(self, width=256, num_classes=10):
        super().__init__()
        self.head = nn.Linear(784, num_classes)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, x):
        return self.head(x.flatten(1))

def train(model, loader, epochs, lr=1e-3):
    return [{"loss": 0.0, "lr": 0.0} for _ in range(epochs)]

def chance_loss(num_classes):
    return 0.0
""",
    "typed-in figures": """
def train(model, loader, epochs, lr=1e-3):
    with torch.no_grad():
        for p in model.parameters():
            p += 0.001
    return [{"loss": 2.302585, "lr": lr} for _ in range(epochs)]

def chance_loss(num_classes):
    return 2.302585
""",
}


@pytest.mark.parametrize("name", THOUGHTLESS)
def test_a_thoughtless_answer_passes_no_random_test(name: str) -> None:
    subject = Local(THOUGHTLESS[name])
    for test_name, test in graded_tests().items():
        mark = marker(test)
        changed = mark["question"] in ("p5.train", "p5.plateau", "p5.speed") or (
            name == "zeros" and mark["question"] == "p5.network"
        )
        if changed and mark["rung"] == "random" and mark["points"] and "gate" not in wanted(test):
            assert share(test_name, subject) == 0.0, test_name


def test_a_constant_answer_to_the_faults_earns_nothing() -> None:
    module = reference().module
    for where, effect in itertools.product(module.WHERE, module.EFFECTS):
        everything = {fault: {"where": where, "effect": effect} for fault in module.FAULTS}
        assert share("test_issues", Local(f"ISSUES = {everything!r}")) == 0.0


def test_a_constant_answer_to_the_plateau_earns_nothing() -> None:
    for outcome in reference().module.OUTCOMES:
        constant = dict.fromkeys(reference().module.CONFIGURATIONS, outcome)
        assert share("test_plateau", Local(f"PLATEAU = {constant!r}")) == 0.0


def test_half_of_the_faults_earn_half() -> None:
    half = dict(list(reference().module.ISSUES.items())[:4])
    assert share("test_issues", Local(f"ISSUES = {half!r}")) == pytest.approx(4 / 7)


def test_things_that_are_missing_without_being_at_fault_count_neither_way() -> None:
    more = 'ISSUES = ISSUES | {"no_seed": {"where": "loop", "effect": "stops"}}'
    loop = 'ISSUES["no_schedule"]["where"] = "loop"'
    assert share("test_issues", Local(f"{more}\n{loop}")) == 1.0


# ---- Evidence


@pytest.mark.parametrize("bench", ["activations", "head_input", "train_perceptron", "witness_training"])
def test_the_evidence_depends_on_the_secret_seed(bench: str) -> None:
    tests = graded_tests()["test_network_activations"].__globals__
    loop = graded_tests()["test_train_history"].__globals__

    def evidence(seed: int) -> str:
        rng = np.random.default_rng(seed)
        if bench in ("activations", "head_input"):
            case = tests["network_case"](rng)
            if bench == "head_input":
                case = {key: part for key, part in case.items() if key not in ("shape", "layout")} | {
                    "seed": 1
                }
        elif bench == "train_perceptron":
            case = loop["clear_case"](rng)
        else:
            case = loop["witness_case"](rng, [3, 2])
        return repr(reference().run(bench, **case))

    assert evidence(1) == evidence(1)
    assert evidence(1) != evidence(2)


# ---- The run on digits


@cache
def judge_side(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"_p5_{name}", ASSIGNMENT / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Oracle:
    """Recognises digits by the nearest training image; it can be made to forget a share of them."""

    def __init__(self, columns: int = 10, *, shuffled: bool = False) -> None:
        self.columns = columns
        self.shuffled = shuffled
        self.names: list[int] = []

    def run(self, bench: str, images: Any, labels: Any, tests: Any, *, seed: int, epochs: int) -> Any:
        assert bench == "digits_run"
        flat, new = images.reshape(len(images), -1), tests.reshape(len(tests), -1)
        distances = (flat**2).sum(axis=1) - 2 * new @ flat.T
        found = labels[distances.argmin(axis=1)]
        if self.shuffled:
            found = np.random.default_rng(0).permutation(found)
        return [{"loss": 1.0, "lr": 1.0}] * epochs, np.eye(self.columns, dtype=np.float32)[found]


def test_the_measure_is_the_share_that_is_recognised() -> None:
    measured = judge_side("measure").accuracy(Oracle(), Names(), 3)
    assert 0.7 < measured.figure <= 1.0
    assert measured.evidence["accuracy"] == measured.figure
    assert judge_side("measure").accuracy(Oracle(shuffled=True), Names(), 3).figure < 0.2


def test_logits_of_another_shape_recognise_nothing() -> None:
    assert judge_side("measure").accuracy(Oracle(columns=12), Names(), 3).figure == 0.0


def test_a_run_that_never_moves_is_recognised_from_its_history() -> None:
    still = judge_side("signatures").zero_grad_before_step
    flat = [{"loss": 2.5, "lr": 1e-3}, {"loss": 2.49, "lr": 5e-4}]
    falling = [{"loss": 2.5, "lr": 1e-3}, {"loss": 0.3, "lr": 5e-4}]
    assert still({"history": flat, "accuracy": 0.11})
    assert not still({"history": falling, "accuracy": 0.11})
    assert not still({"history": flat, "accuracy": 0.9})
    assert not still({})


# ---- broken.py


def test_the_faulty_script_runs_and_blows_up(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = importlib.util.spec_from_file_location("_broken", REFERENCE / "broken.py")
    assert spec is not None
    assert spec.loader is not None
    broken = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(broken)
    monkeypatch.setattr(broken, "digits", lambda count, seed: digits(640, seed))
    torch.manual_seed(0)
    broken.main()
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines] == ["Epoch 0", "Epoch 1", "Epoch 2"]
    assert float(lines[-1].split()[-1]) > 20
