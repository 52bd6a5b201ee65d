"""Content of p2's second half: points, handout, the reference against torch, the closed question."""

from __future__ import annotations

import itertools
import math
import sys
from functools import cache
from types import ModuleType

import pytest
import torch
from local import Half, handout_faults

from grader.lint import lint_file

pytestmark = pytest.mark.timeout(120)

POINTS = {
    "p2.schedules": 7.0,
    "p2.updates": 20.0,
    "p2.param_groups": 8.0,
    "p2.configure": 13.0,
    "p2.review": 7.0,
    "p2.reasons": 3.0,
}


@cache
def half() -> Half:
    return Half("p2", "optimizers")


@pytest.fixture(scope="module")
def reference() -> ModuleType:
    """The reference's module, under a name of its own."""
    folder = half().reference_folder
    given, module = ModuleType("given"), ModuleType("p2_optimizers_reference")
    known = sys.modules.get("given")
    sys.modules["given"], sys.modules[module.__name__] = given, module
    try:
        for name, into in (("given", given), ("optimizers", module)):
            exec(compile((folder / f"{name}.py").read_text(encoding="utf-8"), name, "exec"), into.__dict__)
    finally:
        del sys.modules["given"]
        if known is not None:
            sys.modules["given"] = known
    module.given = given  # type: ignore[attr-defined]
    return module


# ---- Points, handout, lint


def test_points_of_each_question() -> None:
    assert half().max_points == POINTS


def test_handout() -> None:
    assert handout_faults(half()) == []
    text = (half().folder / "README.md").read_text(encoding="utf-8")
    minutes = {"resnet.py": 0, "optimizers.py": 0, "gpu.py": 0}
    for known in half().config.questions.values():
        minutes[known.file] += known.minutes
    theirs, ours = minutes["resnet.py"], minutes["optimizers.py"]
    assert f"{theirs} minutes for `resnet.py`, {ours} for `optimizers.py`" in text


@pytest.mark.parametrize(
    "path", sorted(half().folder.glob("test_*optimizers*.py")), ids=lambda path: path.stem
)
def test_lint(path) -> None:
    assert lint_file(path) == []


def test_reference_earns_everything() -> None:
    assert half().points(half().submission()) == POINTS


# ---- The reference against torch


SGD = [
    {"momentum": momentum, "nesterov": nesterov, "weight_decay": decay}
    for momentum, nesterov in ((0.0, False), (0.9, False), (0.9, True))
    for decay in (0.0, 0.3)
]
ADAM = [
    {"betas": (0.8, 0.95), "eps": eps, "weight_decay": decay} for eps in (1e-8, 0.1) for decay in (0.0, 0.3)
]


@pytest.mark.parametrize(
    ("rule", "settings"),
    [("sgd", chosen) for chosen in SGD] + [(rule, chosen) for rule in ("adam", "adamw") for chosen in ADAM],
)
def test_updates_equal_torch(reference: ModuleType, rule: str, settings: dict[str, object]) -> None:
    torch.manual_seed(3)
    ours = torch.randn(4, 3, dtype=torch.float64)
    theirs, state = ours.clone().requires_grad_(), {}
    kind = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[rule]
    optimizer = kind([theirs], lr=0.05, **settings)
    for step in range(30):
        grad = torch.randn_like(ours) * (step != 7)
        ours = getattr(reference, f"{rule}_step")(ours, grad, state, lr=0.05, **settings)
        theirs.grad = grad
        optimizer.step()
    torch.testing.assert_close(ours, theirs.detach(), rtol=1e-12, atol=1e-13)


def test_first_steps_of_the_three_corrections(reference: ModuleType) -> None:
    """As in the handout: lr, a tenth of it, 3.16 times it."""
    p, grad = torch.ones(1, dtype=torch.float64), torch.full((1,), 0.5, dtype=torch.float64)
    lengths = [
        1 - float(reference.adam_step(p, grad, {}, lr=0.1, bias_correction=corrected))
        for corrected in ("both", "second", "none")
    ]
    assert lengths == pytest.approx([0.1, 0.01, 0.31623], rel=1e-4)


def test_schedules_equal_torch(reference: ModuleType) -> None:
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=1.0)
    steps = torch.optim.lr_scheduler.MultiStepLR(optimizer, [30, 60, 90], gamma=0.1)
    for epoch in range(100):
        assert reference.multi_step(epoch, [30, 60, 90], 0.1) == pytest.approx(steps.get_last_lr()[0])
        optimizer.step()
        steps.step()
    cosine = torch.optim.lr_scheduler.CosineAnnealingLR(torch.optim.SGD([torch.zeros(1)], lr=1.0), 50, 0.1)
    for step in range(50):
        assert reference.warmup_cosine(step, 50, 0, 0.1) == pytest.approx(cosine.get_last_lr()[0])
        cosine.optimizer.step()
        cosine.step()


def test_milestone_ninety_of_ninety_never_acts(reference: ModuleType) -> None:
    assert 0.8 * reference.last_factor(90, [30, 60, 90], 0.1) == pytest.approx(0.008)
    assert 50_000 / 32 * 3 // 10 == 468  # of the handout, and
    assert math.ceil(50_000 / 32) * 3 == 4689


def test_groups_are_taken_by_torch(reference: ModuleType) -> None:
    model = reference.given.build_model("bert")
    optimizer = torch.optim.AdamW(reference.param_groups(model, 0.1))
    held = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    assert len(held) == len(list(model.parameters()))


# ---- Closed answers: REASONS


def reasons(**named: set[str]) -> str:
    return f"REASONS = {named!r}"


def ids() -> list[str]:
    text = (half().reference_folder / "given.py").read_text(encoding="utf-8")
    names: dict[str, object] = {}
    exec(text[text.index("REASON_IDS: dict") :], names)
    return sorted(names["REASON_IDS"])  # type: ignore[call-overload]


def earned(text: str) -> float:
    return half().points(half().submission(optimizers=text), "p2.reasons")["p2.reasons"]


def test_constant_reasons_earn_nothing() -> None:
    every = set(ids())
    for kinds in ({}, {"mlp": ids()[:1]}, {"bert": ids()[-1:]}):
        answer = {kind: every - set(kinds.get(kind, ())) for kind in ("bert", "resnet", "mlp")}
        assert earned(reasons(**answer)) == 0
    for name in ids():
        assert earned(reasons(bert={name}, resnet={name}, mlp={name})) == 0
    assert earned(reasons(bert=set(), resnet=set(), mlp=set())) == 0


def test_true_reasons_everywhere_earn_nothing() -> None:
    false = {
        "adam_beats_sgd_always",
        "momentum_replaces_warmup",
        "plateau_needs_no_validation_set",
        "scale_decay_with_batch",
        "small_model_cannot_overfit",
    }
    true = set(ids()) - false
    for left_out in sorted(true):
        for kind in ("bert", "resnet", "mlp"):
            answer = {
                each: true - ({left_out} if each == kind else set()) for each in ("bert", "resnet", "mlp")
            }
            if kind == "bert" or left_out == "well_studied_recipe":  # each kind once, each reason once
                assert earned(reasons(**answer)) == 0


def test_half_right_reasons_earn_half() -> None:
    answer = {
        "bert": {"decoupled_decay"},
        "resnet": {"warmup_for_large_batch"},
        "mlp": {"few_rows_regularise"},
    }
    assert earned(reasons(**answer)) == 1.5


# ---- Peaks that agree


def test_two_equal_peaks_cost_the_rates_and_three_cost_everything() -> None:
    one = """
_right_configure = configure


def configure(scenario, model):
    plan = _right_configure(scenario, model)
    if scenario.kind in SAME:
        for group in plan.optimizer.param_groups:
            group["lr"] = group["initial_lr"] = 1e-3
        return Plan(**{**vars(plan), "scheduler": None})
    return plan
"""
    points = {}
    for count in (2, 3):
        same = tuple(itertools.islice(("bert", "mlp", "resnet"), count))
        folder = half().submission(optimizers=f"{one}\nSAME = {same!r}")
        points[count] = half().points(folder, "p2.configure")["p2.configure"]
    assert 0 < points[2] < 11
    assert points[3] == 0
