"""Content of p5's first half: the reference against torch, the recorded runs, the tests' own constants."""

from __future__ import annotations

import importlib
import importlib.util
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
import torch

from grader.datasets.tokens import majority
from grader.testing import closed_share

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "reference" / "p5"
ASSIGNMENT = ROOT / "assignments" / "p5"
MODULES = ("given", "transformer", "debugging", "experiment", "record_traces")


@pytest.fixture(scope="module")
def p5() -> Iterator[SimpleNamespace]:
    """The reference's modules. Other assignments have a given.py too, so none of them stays importable."""
    path, known = list(sys.path), {name: sys.modules.pop(name, None) for name in MODULES}
    sys.path.insert(0, str(REFERENCE))
    try:
        yield SimpleNamespace(**{name: importlib.import_module(name) for name in MODULES})
    finally:
        sys.path[:] = path
        for name, module in known.items():
            sys.modules.pop(name, None)
            if module is not None:
                sys.modules[name] = module


def test_file(name: str) -> ModuleType:
    """One of the assignment's test files as a module."""
    spec = importlib.util.spec_from_file_location(f"_{name}_under_test", ASSIGNMENT / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


test_file.__test__ = False  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def runs() -> ModuleType:
    """The hidden tests on real runs."""
    return test_file("test_hidden_transformer_runs")


# ---- Data --------------------------------------------------------------------------------------------------


def test_majority_plants_the_class_three_times() -> None:
    tokens, labels = majority(200, 12, seed=3)
    counts = np.stack([(tokens == marker).sum(axis=1) for marker in range(10)], axis=1)
    assert np.array_equal(counts.argmax(axis=1), labels)
    assert np.all(counts.sum(axis=1) == 3)
    assert np.all(np.bincount(labels) == 20)


def test_majority_follows_its_seed() -> None:
    again = majority(50, 12, seed=3)
    assert all(np.array_equal(a, b) for a, b in zip(majority(50, 12, seed=3), again, strict=True))
    assert not np.array_equal(majority(50, 12, seed=4).tokens, again.tokens)


def test_majority_wrong_labels() -> None:
    right, wrong = majority(200, 12, 5, classes=7), majority(200, 12, 5, classes=7, wrong_labels=0.25)
    assert np.array_equal(right.tokens, wrong.tokens)
    assert int((right.labels != wrong.labels).sum()) == 50
    assert set(wrong.labels) <= set(range(7))


@pytest.mark.parametrize(
    "arguments", [{"n": 0}, {"length": 2}, {"classes": 1}, {"classes": 32}, {"wrong_labels": 1.5}]
)
def test_majority_refuses(arguments: dict) -> None:
    with pytest.raises(ValueError, match="out of range"):
        majority(**{"n": 10, "length": 12, "seed": 0, **arguments})


# ---- The reference against torch ---------------------------------------------------------------------------


def test_grad_norms_agree_with_torch(p5) -> None:
    torch.manual_seed(0)
    model = p5.given.EncoderClassifier("pre", num_layers=3)
    model(torch.randint(32, (4, 12))).square().sum().backward()
    norms = p5.transformer.grad_norms(list(model.layers))
    for layer, norm in zip(model.layers, norms, strict=True):
        assert float(torch.nn.utils.get_total_norm([p.grad for p in layer.parameters()])) == pytest.approx(
            float(norm), rel=1e-6
        )


@pytest.mark.parametrize(("layers", "d", "heads", "ff"), [(1, 8, 2, 32), (3, 12, 4, 20), (2, 16, 1, 64)])
def test_encoder_parameters_agree_with_torch(p5, layers: int, d: int, heads: int, ff: int) -> None:
    stack = [torch.nn.TransformerEncoderLayer(d, heads, ff) for _ in range(layers)]
    extra = [torch.nn.Embedding(size, d) for size in (50, 20, 2)]
    extra += [torch.nn.LayerNorm(d), torch.nn.Linear(d, d)]

    def count(modules: list) -> int:
        return sum(p.numel() for module in modules for p in module.parameters())

    assert p5.transformer.encoder_parameters(layers, d, heads, ff) == count(stack)
    found = p5.transformer.encoder_parameters(
        layers, d, heads, ff, vocabulary=50, positions=20, segments=2, pooler=True
    )
    assert found == count(stack + extra)


def test_adam_update_agrees_with_torch(p5) -> None:
    grads = np.random.default_rng(1).normal(size=30).tolist()
    weight = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))
    optimizer = torch.optim.Adam([weight], lr=1.0, betas=(0.8, 0.97), eps=0.0)
    steps = []
    for grad in grads:
        before = weight.item()
        weight.grad = torch.tensor([grad], dtype=torch.float64)
        optimizer.step()
        steps.append(abs(weight.item() - before))
    assert p5.transformer.adam_update(grads, 0.8, 0.97) == pytest.approx(steps, rel=1e-9)


def test_adam_bounds_of_the_handout(p5) -> None:
    update = p5.transformer.adam_update
    assert update([0.0] * 30_000 + [1.0], 0.9, 0.999)[-1] == pytest.approx(3.1623, rel=1e-4)
    growing = [(0.999 / 0.9) ** step for step in range(2000)]
    assert update(growing, 0.9, 0.999)[-1] == pytest.approx(7.27, rel=0.1)
    assert max(update(growing, 0.9, 0.999)) < 7.2704
    history = [0.5, -0.5] * 50
    assert round(update([*history, 100.0], 0.9, 0.999)[-1], 2) == 0.98
    assert round(update([*history, 1.0], 0.9, 0.999)[-1], 2) == 0.15


@pytest.mark.parametrize("padded", [False, True])
def test_pre_ln_layer_equals_torch(p5, padded: bool) -> None:
    torch.manual_seed(2)
    theirs = torch.nn.TransformerEncoderLayer(
        12, 3, 48, 0.0, "gelu", batch_first=True, norm_first=True
    ).train()
    ours = p5.transformer.PreLNEncoderLayer(12, 3).train()
    names = {"self_attn": "attention", "linear1": "ffn.0", "linear2": "ffn.3"}
    state = {k: torch.randn_like(v) for k, v in theirs.state_dict().items()}
    theirs.load_state_dict(state)
    renamed = {
        ".".join([names.get(k.split(".")[0], k.split(".")[0]), *k.split(".")[1:]]): v
        for k, v in state.items()
    }
    ours.load_state_dict(renamed)
    x = torch.randn(4, 5, 12)
    padding = torch.tensor([[False, False, True, False, True]] * 4) if padded else None
    assert torch.allclose(ours(x, padding), theirs(x, src_key_padding_mask=padding), atol=1e-5)


# ---- The failing run and its cures -------------------------------------------------------------------------


def reached(p5, config, seed: int) -> float:
    """Accuracy of a configuration on fresh sequences."""
    train, test = majority(8192, 12, seed), majority(500, 12, seed + 1)
    model = p5.given.train(config, *map(torch.from_numpy, train), seed)
    return float(np.mean(p5.given.predict(model, torch.from_numpy(test.tokens)).numpy() == test.labels))


def test_the_tests_know_the_failing_run(p5, runs) -> None:
    failing = asdict(p5.given.FAILING)
    assert failing == runs.LIMITS
    assert failing == test_file("test_public_transformer").FAILED


def test_unknown_norm_is_refused(p5) -> None:
    with pytest.raises(ValueError, match="'post' or 'pre'"):
        p5.given.EncoderClassifier("batch")


@pytest.mark.slow
@pytest.mark.timeout(60)
def test_the_failing_run_fails_and_a_cure_trains(p5) -> None:
    torch.set_num_threads(1)
    assert reached(p5, p5.given.FAILING, 11) < 0.35
    assert reached(p5, p5.transformer.CURE_A, 11) > 0.95


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_what_cures_and_what_does_not(p5) -> None:
    torch.set_num_threads(1)
    right = [
        {"norm": "pre"},
        {"lr": 1e-4},
        {"lr": 1e-3},
        {"lr": 4e-3},
        {"warmup_steps": 100},
        {"warmup_steps": 120},
    ]
    wrong = [
        {"clip_norm": 1.0},
        {"clip_norm": 0.1},
        {"dropout": 0.1},
        {"warmup_steps": 12},
        {"warmup_steps": 40},
    ]
    for change in right:
        assert all(reached(p5, replace(p5.given.FAILING, **change), seed) >= 0.97 for seed in (21, 22, 23)), (
            change
        )
    for change in wrong:
        assert all(reached(p5, replace(p5.given.FAILING, **change), seed) < 0.6 for seed in (21, 22, 23)), (
            change
        )


# ---- Recorded runs -----------------------------------------------------------------------------------------


def test_the_tests_know_the_words(p5, runs) -> None:
    given, public = p5.given, test_file("test_public_transformer")
    lists = {"cause": given.CAUSES, "mechanism": given.MECHANISMS, "prevention": given.PREVENTIONS}
    assert lists == public.WORDS
    assert set(given.FIX_NAMES) == public.FIX_NAMES
    assert {(key, word) for key, words in lists.items() for word in words} == runs.EVERY_WORD
    assert runs.STORY == p5.transformer._STORY


def test_recorded_runs_are_many_and_balanced(runs) -> None:
    causes = [run["cause"] for run in runs.recorded()]
    assert len(causes) == 48
    assert {cause: causes.count(cause) for cause in set(causes)} == dict.fromkeys(runs.STORY, 8)


@pytest.mark.parametrize("name", ["hidden", "classes"])
def test_however_a_run_is_varied_it_stays_clear_cut(p5, runs, name: str) -> None:
    for seed in range(5):
        rng = np.random.default_rng(seed)
        for run in runs.recorded(name):
            trace = runs.varied(run, rng)
            assert p5.record_traces.clear_cut(trace, run["cause"])
            assert p5.transformer.diagnose(trace)["cause"] == run["cause"]
            if name == "classes":
                assert p5.record_traces.misread(trace, run["cause"])


def test_runs_with_few_and_with_many_classes_are_recorded(runs) -> None:
    classes: dict[str, list[int]] = {}
    for run in runs.recorded("classes"):
        classes.setdefault(run["cause"], []).append(run["trace"]["num_classes"])
    assert {cause: len(counts) for cause, counts in classes.items()} == {
        "overfit": 3,
        "healthy": 3,
        "lr_too_low": 3,
    }
    assert set(classes["overfit"]) == {3}
    assert min(classes["healthy"] + classes["lr_too_low"]) >= 28


@pytest.mark.parametrize("name", ["hidden", "classes"])
def test_no_constant_answer_earns_anything(runs, name: str) -> None:
    words = [None, "nonsense", *{word for _, word in runs.EVERY_WORD}]
    stories = [dict.fromkeys(("cause", "mechanism", "prevention"), word) for word in words]
    stories += [
        {"cause": cause, "mechanism": mechanism, "prevention": prevention}
        for cause, (mechanism, prevention) in runs.STORY.items()
    ]
    for answer in stories:
        cases = []
        for run in runs.recorded(name):
            required = runs.WORDS_OF[run["cause"]]
            cases.append((runs.words(answer), required, runs.EVERY_WORD - required))
        assert closed_share(cases) == 0.0, answer


def test_public_traces_show_each_cause_once_and_are_not_hidden_ones(p5, runs) -> None:
    public = json.loads((ASSIGNMENT / "traces_public.json").read_text())
    assert sorted(row["answer"]["cause"] for row in public.values()) == sorted(p5.given.CAUSES)
    hidden = [run["trace"]["grad_norms"][0] for run in runs.recorded()]
    for row in public.values():
        assert p5.transformer.diagnose(row["trace"]) == pytest.approx(row["answer"])
        assert p5.record_traces.clear_cut(row["trace"], row["answer"]["cause"])
        assert row["trace"]["grad_norms"][0] not in hidden


def test_a_short_run_is_recorded_and_cut(p5) -> None:
    recorder = p5.record_traces
    rng = np.random.default_rng(0)
    run = replace(recorder.draw("vanishing", 1, rng), steps=40)
    trace = recorder.record(run, 7, rng)
    assert trace["step"][0] == trace["val_step"][0] == 0
    assert trace["step"][-1] == trace["val_step"][-1] == 39
    assert len(trace["loss"]) == len(trace["grad_norms"]) == len(trace["step"])
    assert recorder.clear_cut(trace, "vanishing")
    assert not recorder.clear_cut(trace, "healthy")
    assert len(recorder.cut(trace, 15)["loss"]) == 15


@pytest.mark.parametrize("cause", ["overfit", "healthy", "lr_too_low"])
def test_runs_with_few_and_with_many_classes_can_be_drawn(p5, cause: str) -> None:
    run, classes = p5.record_traces.draw_classes(cause, np.random.default_rng(1))
    model = run.model(classes)
    assert model.head.out_features == classes
    trace = p5.record_traces.record(replace(run, steps=30), 3, np.random.default_rng(2), classes)
    assert trace["num_classes"] == classes
    assert not p5.record_traces.misread(trace | {"loss": [0.0], "val_loss": [1.2]}, cause)


@pytest.mark.parametrize("cause", ["lr_too_high", "lr_too_low", "diverged", "overfit", "healthy"])
@pytest.mark.parametrize("kind", [0, 1, 2])
def test_every_kind_of_run_can_be_drawn(p5, cause: str, kind: int) -> None:
    run = p5.record_traces.draw(cause, kind, np.random.default_rng(1))
    assert len(run.model(5).layers) >= 2
    assert run.lr > 0


# ---- The given script --------------------------------------------------------------------------------------


def test_experiment_lists_and_shows_traces(p5, capsys: pytest.CaptureFixture[str]) -> None:
    p5.experiment.main(["trace"])
    assert capsys.readouterr().out.split() == list("abcdef")
    for name in "abcdef":
        p5.experiment.main(["trace", name])
        shown = capsys.readouterr().out
        assert "gradient norm per layer" in shown
        assert not any(cause in shown for cause in p5.given.CAUSES)
    with pytest.raises(SystemExit):
        p5.experiment.main(["trace", "z"])
    assert "no trace 'z'" in capsys.readouterr().err


def test_experiment_says_where_it_looked(p5, monkeypatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(p5.experiment, "__file__", str(tmp_path / "experiment.py"))
    with pytest.raises(SystemExit, match=r"traces_public\.json was not found"):
        p5.experiment.public_traces()


def test_experiment_trains_with_progress(p5, monkeypatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(p5.given, "STEPS", 20)
    threads = torch.get_num_threads()
    p5.experiment.main(["cure", "--warmup", "10", "--lr", "0.001", "--seed", "2"])
    torch.set_num_threads(threads)
    shown = capsys.readouterr()
    assert "training" in shown.err
    assert "this run" in shown.out
    assert "{'lr': 0.001, 'warmup_steps': 10}" in shown.out
    assert "accuracy on fresh sequences" in shown.out
    assert "step 0: " in shown.out


def test_experiment_waits_for_grad_norms(p5, monkeypatch) -> None:
    def stub(layers: object) -> None:
        raise NotImplementedError("p5.grad_norms")

    monkeypatch.setattr(p5.experiment, "grad_norms", stub)
    assert p5.experiment.gradient_ratio(p5.given.EncoderClassifier("post", num_layers=1)) is None


@pytest.mark.parametrize(
    "command", [["digits", "--epochs", "1"], ["fault", "--keep-gradients", "--he", "--sgd", "--cosine"]]
)
def test_experiment_on_digits(p5, monkeypatch, capsys: pytest.CaptureFixture[str], command, tmp_path) -> None:
    monkeypatch.setattr(p5.experiment, "IMAGES", 256)
    monkeypatch.setattr(p5.experiment, "FAULT_STEPS", 12)
    threads = torch.get_num_threads()
    p5.experiment.main([*command, "--save", str(tmp_path / "loss.png")])
    torch.set_num_threads(threads)
    shown = capsys.readouterr().out
    assert "training loss" in shown
    assert "ln 10 = 2.3" in shown
    assert "share of new digits that is recognised 0." in shown
    assert (tmp_path / "loss.png").stat().st_size > 1000


def test_experiment_on_digits_waits_for_the_network(p5, monkeypatch) -> None:
    def stub() -> None:
        raise NotImplementedError("p5.network")

    monkeypatch.setattr(p5.experiment.debugging, "DeepNetwork", stub)
    with pytest.raises(SystemExit, match=r"needs p5\.network"):
        p5.experiment.main(["digits"])
