"""Content of p5's second half: the known mistakes, correct rewrites, thoughtless answers, the faulty script.

The gate's runs are left to `grader calibrate`; here its measure is asked of subjects of known accuracy.
"""

from __future__ import annotations

import importlib
import itertools
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from local import GradedTest, Half

from grader.beside import load
from grader.datasets.digits import digits
from grader.faults import Mismatch
from grader.lint import lint_file

# A submission's tests take two seconds of one core, many times that on a machine that is busy otherwise.
pytestmark = pytest.mark.timeout(120)

HALF = Half("p5", "debugging")
GATED = "p5.accuracy"
POINTS = {
    "p5.issues": 6,
    "p5.network": 9,
    "p5.train": 20,
    "p5.plateau": 6,
    "p5.accuracy": 6,
    "p5.speed": 4,
}
TESTS = {test.function.__name__: test for test in HALF.tests}
TRAINS = tuple(name for name, test in TESTS.items() if "gate" in test.function.__code__.co_varnames)


@pytest.fixture(scope="module")
def module() -> ModuleType:
    """The reference's debugging.py; it does not stay importable, for submissions have one too."""
    names = ("debugging", "given")
    known = {name: sys.modules.pop(name, None) for name in names}
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(HALF.reference_folder))
        imported = importlib.import_module("debugging")
    for name in names:
        sys.modules.pop(name, None)
    sys.modules.update({name: other for name, other in known.items() if other is not None})
    return imported


def lost(appended: str = "", seed: int = 20) -> set[str]:
    """The questions that lose points by a text at the end of debugging.py, the gate's runs aside."""
    return set(HALF.lost(HALF.submission(debugging=appended), seed=seed, without=TRAINS))


def share(name: str, appended: str) -> float:
    """What one test pays to such a submission."""
    return HALF.share(HALF.submission(debugging=appended), name)


def names_of(test: str) -> dict[str, Any]:
    """What a test's file defines."""
    return TESTS[test].function.__globals__


# ---- Points and keys


def test_points_add_up() -> None:
    assert HALF.max_points == POINTS


def test_the_assignment_lists_the_questions_and_the_gate() -> None:
    assert set(HALF.questions) == set(POINTS)
    assert set(HALF.config.gates[GATED].wrong) == {
        name for name, known in HALF.mistakes.items() if GATED in known.questions
    }


@pytest.mark.parametrize("path", sorted(HALF.folder.glob("test_*debugging*.py")), ids=lambda path: path.stem)
def test_the_tests_keep_the_house_rules(path: Path) -> None:
    assert lint_file(path) == []


def test_the_lists_of_words_are_the_same_everywhere(module: ModuleType) -> None:
    public, hidden = names_of("test_issues_form"), names_of("test_issues")
    assert set(module.FAULTS) == public["FAULTS"]
    assert set(module.WHERE) == public["WHERE"]
    assert set(module.EFFECTS) == public["EFFECTS"]
    assert set(module.CONFIGURATIONS) == public["CONFIGURATIONS"] == set(hidden["PLATEAU"])
    assert set(module.OUTCOMES) == public["OUTCOMES"]
    assert set(hidden["ISSUES"]) | hidden["ALLOWED"] < set(module.FAULTS)


def test_the_words_give_nothing_away_by_their_order(module: ModuleType) -> None:
    assert list(module.FAULTS) == sorted(module.FAULTS)


# ---- Right, wrong and thoughtless answers


@pytest.mark.parametrize("seed", range(3))
def test_the_reference_loses_nothing(seed: int) -> None:
    assert lost(seed=seed) == set()


@pytest.mark.slow  # a minute in all, and the same content for every change of the engine
@pytest.mark.parametrize("name", HALF.mistakes)
def test_a_known_mistake_loses_points_where_it_says_and_nowhere_else(name: str) -> None:
    known = HALF.mistakes[name]
    assert set(known.questions) <= set(POINTS)
    assert lost(known.source) == set(known.questions) - {GATED}


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
    assert lost(REWRITES[name]) == set()


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
    submission = HALF.submission(debugging=THOUGHTLESS[name])
    answered = {"p5.train", "p5.plateau", "p5.speed"} | ({"p5.network"} if name == "zeros" else set())

    def is_to_fail(test: GradedTest) -> bool:
        plan = test.plan
        return plan.question in answered and plan.rung == "random" and plan.points > 0

    asked = [test for test in TESTS.values() if is_to_fail(test) and test.function.__name__ not in TRAINS]
    assert {test.plan.question for test in asked} == answered
    for test in asked:
        assert HALF.share(submission, test.function.__name__) == 0.0, test.plan.test


def test_a_constant_answer_to_the_faults_earns_nothing(module: ModuleType) -> None:
    for where, effect in itertools.product(module.WHERE, module.EFFECTS):
        everything = {fault: {"where": where, "effect": effect} for fault in module.FAULTS}
        assert share("test_issues", f"ISSUES = {everything!r}") == 0.0


def test_a_constant_answer_to_the_plateau_earns_nothing(module: ModuleType) -> None:
    for outcome in module.OUTCOMES:
        constant = dict.fromkeys(module.CONFIGURATIONS, outcome)
        assert share("test_plateau", f"PLATEAU = {constant!r}") == 0.0


def test_half_of_the_faults_earn_half(module: ModuleType) -> None:
    half = dict(list(module.ISSUES.items())[:4])
    assert share("test_issues", f"ISSUES = {half!r}") == pytest.approx(4 / 7)


def test_things_that_are_missing_without_being_at_fault_count_neither_way() -> None:
    more = 'ISSUES = ISSUES | {"no_seed": {"where": "loop", "effect": "stops"}}'
    loop = 'ISSUES["no_schedule"]["where"] = "loop"'
    assert share("test_issues", f"{more}\n{loop}") == 1.0


# ---- Evidence


@pytest.mark.parametrize(
    "bench", ["activations", "layers_in_training", "train_perceptron", "witness_training"]
)
def test_the_evidence_depends_on_the_secret_seed(bench: str) -> None:
    tests, loop = names_of("test_network_activations"), names_of("test_train_history")
    run = HALF.run(HALF.submission())

    def evidence(seed: int) -> str:
        rng = np.random.default_rng(seed)
        if bench in ("activations", "layers_in_training"):
            case = tests["network_case"](rng)
            if bench == "layers_in_training":
                case = {key: part for key, part in case.items() if key not in ("shape", "layout")} | {
                    "seed": 1
                }
        elif bench == "train_perceptron":
            case = loop["clear_case"](rng)
        else:
            case = loop["witness_case"](rng, [3, 2])
        subject = HALF.subject(HALF.submission(), "p5.train")
        return repr(subject.run(getattr(run.bench, bench), **case))

    assert evidence(1) == evidence(1)
    assert evidence(1) != evidence(2)


# ---- The run on digits


def judge_side(name: str) -> ModuleType:
    """measure.py or signatures.py."""
    return load(HALF.folder / f"{name}.py")


BENCH = SimpleNamespace(
    digits_trained="digits_trained", digits_network="digits_network", digits_logits="digits_logits"
)


class Oracle:
    """Recognises digits by one matrix, from least squares; it can be made to forget a share of them.

    :param claims: the matrix that it says it has, instead of its own.
    """

    def __init__(self, columns: int = 10, *, shuffled: bool = False, claims: Any = None) -> None:
        self.columns = columns
        self.shuffled = shuffled
        self.claims = claims
        self.matrix = np.zeros((10, 784))

    def run(self, bench: str, images: Any, *labels: Any, seed: int = 0, epochs: int = 0) -> Any:
        flat = images.reshape(len(images), -1).astype(np.float64)
        if bench == "digits_trained":
            square = flat.T @ flat + 10 * np.eye(flat.shape[1])
            self.matrix = np.linalg.solve(square, flat.T @ np.eye(10)[labels[0]]).T
            if self.shuffled:
                self.matrix = np.random.default_rng(0).permutation(self.matrix)
            return [{"loss": 1.0, "lr": 1.0}] * epochs
        if bench == "digits_network":
            matrix = self.matrix if self.claims is None else self.claims
            return {"matrices": [matrix], "inputs": [flat]}
        assert bench == "digits_logits"
        return np.pad(flat @ self.matrix.T, ((0, 0), (0, self.columns - 10)))


def test_the_measure_is_the_share_that_is_recognised() -> None:
    measured = judge_side("measure").accuracy(Oracle(), BENCH, 3)
    assert 0.7 < measured.figure <= 1.0
    assert measured.evidence["accuracy"] == measured.figure
    assert judge_side("measure").accuracy(Oracle(shuffled=True), BENCH, 3).figure < 0.5


def test_logits_of_another_shape_recognise_nothing() -> None:
    assert judge_side("measure").accuracy(Oracle(columns=12), BENCH, 3).figure == 0.0


def test_what_passes_is_recognised_by_the_networks_own_matrices(monkeypatch: pytest.MonkeyPatch) -> None:
    measure = judge_side("measure")
    monkeypatch.setattr(measure, "COULD_PASS", 0.7)
    assert measure.accuracy(Oracle(), BENCH, 3).figure > 0.7
    others = np.random.default_rng(0).normal(size=(10, 784))
    with pytest.raises(Mismatch, match="not what its matrices make of the images"):
        measure.accuracy(Oracle(claims=others), BENCH, 3)


# ---- What a network answers, computed again from its matrices


def chain(sizes: list[int], images: Any, activation: Any, drop: float = 0.0) -> dict[str, list[Any]]:
    """A network as the bench tells it, and its logits."""
    rng = np.random.default_rng(5)
    found: dict[str, list[Any]] = {"matrices": [], "inputs": []}
    given = images.reshape(len(images), -1)
    for fan_in, fan_out in itertools.pairwise(sizes):
        matrix = np.random.default_rng(fan_in).normal(size=(fan_out, fan_in)) * (2 / fan_in) ** 0.5
        found["matrices"].append(matrix)
        found["inputs"].append(given)
        given = activation(given @ matrix.T) * (rng.random((len(images), fan_out)) >= drop)
    return found


def rectified(sums: Any) -> Any:
    """ReLU behind a shift and a scale that differ from unit to unit."""
    units = np.arange(sums.shape[1])
    return np.maximum((sums - 0.1 * np.sin(units)) * (1.5 + np.cos(units)), 0)


SIZES = [784, 40, 40, 20, 10]


@pytest.mark.parametrize("activation", [rectified, np.tanh, np.abs], ids=["rectified", "tanh", "abs"])
def test_logits_follow_from_matrices_and_what_the_units_do(activation: Any) -> None:
    units = judge_side("shared_public_units")
    (shown, _), (images, _) = digits(300, seed=1), digits(60, seed=2)
    network, new = chain(SIZES, shown, activation), chain(SIZES, images, activation)
    logits = new["inputs"][-1] @ new["matrices"][-1].T
    assert units.related(units.recomputed(network, shown, images), logits) > 0.9
    assert min(units.relations(network, shown)) > 0.9


def test_units_that_drop_half_of_their_values_are_still_related() -> None:
    units = judge_side("shared_public_units")
    shown, _ = digits(256, seed=1)
    assert 0.5 < min(units.relations(chain(SIZES, shown, rectified, drop=0.5), shown)) < 0.9


def test_numbers_that_no_network_computed_are_not_related() -> None:
    units, rng = judge_side("shared_public_units"), np.random.default_rng(0)
    (shown, _), (images, _) = digits(256, seed=1), digits(64, seed=2)
    network, logits = chain(SIZES, shown, rectified), rng.normal(size=(64, 10))
    assert abs(units.related(units.recomputed(network, shown, images), logits)) < 0.2
    network["inputs"][2] = rng.random(network["inputs"][2].shape)
    assert min(units.relations(network, shown)) < 0.35
    assert not units.related(np.ones((64, 10)), logits) > 0


BROKEN = {
    "nothing": ({}, "uses no matrix"),
    "fewer inputs than matrices": ({"inputs": []}, "uses no matrix"),
    "numbers": ({"matrices": [1.0], "inputs": [2.0]}, "has no matrix"),
    "other images": ({"inputs": [np.zeros((9, 784))]}, "one number for each unit"),
    "pixels left out": (
        {"matrices": [np.zeros((10, 9))], "inputs": [np.zeros((8, 9))]},
        "one number for each",
    ),
    "another size": ({"matrices": [np.zeros((10, 9))]}, "one number for each unit"),
    "not finite": ({"matrices": [np.full((10, 784), np.nan)]}, "not finite"),
    "too wide": ({"matrices": [np.zeros((5000, 784))]}, "more than 1,024 outputs"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_matrices_that_are_no_chain_are_told_in_words(name: str) -> None:
    change, said = BROKEN[name]
    shown, _ = digits(8, seed=1)
    network = chain([784, 10], shown, rectified) | change if change else {}
    with pytest.raises(Mismatch, match=said):
        judge_side("shared_public_units").recomputed(network, shown, shown)


def test_a_run_that_never_moves_is_recognised_from_its_history() -> None:
    still = judge_side("signatures").zero_grad_before_step
    flat = [{"loss": 2.5, "lr": 1e-3}, {"loss": 2.49, "lr": 5e-4}]
    falling = [{"loss": 2.5, "lr": 1e-3}, {"loss": 0.3, "lr": 5e-4}]
    assert still({"history": flat, "accuracy": 0.11})
    assert not still({"history": falling, "accuracy": 0.11})
    assert not still({"history": flat, "accuracy": 0.9})
    assert not still({})


def test_a_run_of_one_step_an_epoch_is_told_from_one_that_never_moves() -> None:
    once, still = (
        getattr(judge_side("signatures"), name) for name in ("step_behind_the_loop", "zero_grad_before_step")
    )

    def run(*losses: float, accuracy: float = 0.12) -> dict[str, object]:
        return {"history": [{"loss": loss, "lr": 1e-3} for loss in losses], "accuracy": accuracy}

    assert once(run(3.06, 2.95, 2.9))
    assert not still(run(3.06, 2.95, 2.9))
    assert still(run(3.08, 3.034, 3.052))  # by its dropout alone
    assert not once(run(3.08, 3.034, 3.052))
    for other in (run(3.06, 2.95, 2.97), run(3.06, 1.2, 0.7), run(3.06, 2.95, 2.9, accuracy=0.9), {}):
        assert not once(other)


# ---- broken.py


def test_the_faulty_script_runs_and_blows_up(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = load(HALF.reference_folder / "broken.py")
    monkeypatch.setattr(broken, "digits", lambda count, seed: digits(640, seed))
    torch.manual_seed(0)
    broken.main()
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines] == ["Epoch 0", "Epoch 1", "Epoch 2"]
    assert float(lines[-1].split()[-1]) > 20
