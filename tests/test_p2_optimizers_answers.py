"""Answers to p2's second half: right ones in another style, thoughtless ones, and every known mistake."""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from local import Half

from grader.faults import Outcome
from grader.mistakes import read_mistake

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

REWRITES = Path(__file__).with_name("p2_optimizers_rewrites")
FINDINGS = (
    "beta2_098",
    "cosine_per_batch",
    "decay_missing_on_biases",
    "decays_norms",
    "head_lr_differs",
    "l2_in_adam",
    "lr_not_scaled",
    "lr_zero_at_step_0",
    "milestone_never_acts",
    "nesterov_used",
    "no_warmup_large_batch",
    "rate_for_scratch",
    "warmup_exceeds_run",
    "wrong_step_unit",
)

UPDATES = """
def sgd_step(p, grad, state, *, lr, momentum=0.0, nesterov=False, weight_decay=0.0):
    return {}


def adam_step(p, grad, state, *, lr, **rest):
    return {}


adamw_step = adam_step
"""
SCHEDULES = """
def linear_warmup_decay(step, total, warmup):
    return {0}


def warmup_cosine(step, total, warmup, floor=0.0):
    return {0}


def multi_step(epoch, milestones, gamma):
    return {0}


def last_factor(epochs, milestones, gamma):
    return {0}


def scaled_lr(base, batch, reference=256):
    return {0}
"""
TYPED = """
def linear_warmup_decay(step, total, warmup):
    return {0: 0.0, 234: 0.5, 468: 1.0, 4689: 0.0}.get(step, 0.3)


def warmup_cosine(step, total, warmup, floor=0.0):
    return {5: 0.25, 20: 1.0, 60: 0.55, 100: 0.1}.get(step, 0.3)


def multi_step(epoch, milestones, gamma):
    return {29: 1.0, 30: 0.1, 60: 0.01}.get(epoch, 0.3)


def last_factor(epochs, milestones, gamma):
    return {90: 0.01, 100: 0.001}.get(epochs, 0.3)


def scaled_lr(base, batch, reference=256):
    return 0.8
"""
# Adam's first step for any gradient is the learning rate, and plain SGD needs no state.
SIGNS = """
def sgd_step(p, grad, state, *, lr, momentum=0.0, nesterov=False, weight_decay=0.0):
    if weight_decay == 0.5:
        return p * 0.95
    state["n"] = state.get("n", 0) + 1
    if momentum and state["n"] == 2:
        return torch.full_like(p, 0.539 if nesterov else 0.71)
    return torch.full_like(p, 0.81) if nesterov else p - lr * grad


def adam_step(
    p, grad, state, *, lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0, bias_correction="both"
):
    if weight_decay == 0.01:
        return p - lr * 0.01 / (0.01 + eps)
    long = {"both": 1.0, "second": 0.1, "none": 0.1 / 0.001**0.5}[bias_correction]
    return p - lr * long * grad.sign() * 0.5 / (0.5 + eps)


def adamw_step(p, grad, state, *, weight_decay=0.01, lr, **rest):
    return p - lr * weight_decay * p + adam_step(p, grad, state, lr=lr, **rest) - p
"""
SIGNS_OF_SCHEDULES = """
def linear_warmup_decay(step, total, warmup):
    figures = {0: 0.0, 234: 0.5, 468: 1.0, 4689: 0.0}
    return figures[step] if total == 4689 else 1.0 if step == warmup else 0.0 if step > total else 0.5


def warmup_cosine(step, total, warmup, floor=0.0):
    figures = {5: 0.25, 20: 1.0, 60: 0.55, 100: 0.1}
    return figures[step] if total == 100 else 1.0 if step == warmup else floor if step > total else 0.5


def multi_step(epoch, milestones, gamma):
    return {29: 1.0, 30: 0.1, 60: 0.01}.get(epoch, gamma)


def last_factor(epochs, milestones, gamma):
    return gamma ** len(milestones)


def scaled_lr(base, batch, reference=256):
    return 0.8 if batch == 2048 else base
"""
GROUPS = """
def param_groups(model, weight_decay):
    return {}
"""
REVIEW = """
def review(sheet):
    return {}
"""
ONE_PLAN = """
def configure(scenario, model):
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    return Plan(
        optimizer=optimizer,
        scheduler=None,
        step_on="epoch",
        epochs=50,
        dropout=0.3,
        early_stopping_patience=10,
    )
"""
# (question, what is answered, text appended to its module)
THOUGHTLESS = [
    ("p2.schedules", "zeros", SCHEDULES.format("0.0")),
    ("p2.schedules", "ones", SCHEDULES.format("1.0")),
    ("p2.schedules", "figures", TYPED),
    ("p2.schedules", "figures and guesses", SIGNS_OF_SCHEDULES),
    ("p2.updates", "figures and signs", SIGNS),
    ("p2.updates", "zeros", UPDATES.format("0 * p", "0 * p")),
    ("p2.updates", "the input", UPDATES.format("p", "p")),
    ("p2.updates", "the gradient", UPDATES.format("grad", "grad")),
    ("p2.updates", "figures", UPDATES.format("0 * p + 0.9", "0 * p + 0.999")),
    ("p2.param_groups", "nothing", GROUPS.format("[]")),
    (
        "p2.param_groups",
        "one group",
        GROUPS.format('[{"params": list(model.parameters()), "weight_decay": 0.0}]'),
    ),
    (
        "p2.param_groups",
        "model.parameters()",
        GROUPS.format('[{"params": model.parameters(), "weight_decay": 0.1}]'),
    ),
    ("p2.configure", "one plan", ONE_PLAN),
    ("p2.review", "nothing", REVIEW.format("set()")),
    ("p2.review", "everything", REVIEW.format("set(__import__('given').FINDINGS)")),
    *(("p2.review", name, REVIEW.format({name})) for name in FINDINGS),
    (
        "p2.review",
        "figures",
        REVIEW.format('{"milestone_never_acts", "no_warmup_large_batch", "decays_norms"}'),
    ),
]


@cache
def half() -> Half:
    return Half("p2", "optimizers")


@pytest.mark.parametrize("seed", range(4))
def test_reference_earns_everything(seed: int) -> None:
    assert half().points(half().submission(), seed=seed) == half().max_points


@pytest.mark.parametrize("name", sorted(path.stem for path in REWRITES.glob("*.py")))
@pytest.mark.parametrize("seed", [1, 2])
def test_right_answer_in_another_style_earns_everything(name: str, seed: int) -> None:
    text = (REWRITES / f"{name}.py").read_text(encoding="utf-8")
    questions = read_mistake(REWRITES / f"{name}.py").questions
    points = half().points(half().submission(optimizers=text), *questions, seed=seed)
    assert points == {question: half().max_points[question] for question in questions}


@pytest.mark.parametrize(("question", "text"), [pytest.param(q, t, id=f"{q}-{w}") for q, w, t in THOUGHTLESS])
@pytest.mark.parametrize("seed", [1, 2])
def test_thoughtless_answer_earns_nothing(question: str, text: str, seed: int) -> None:
    assert half().points(half().submission(optimizers=text), question, seed=seed) == {question: 0}


@pytest.mark.parametrize(
    "name",
    [
        "state_in_float32",
        "epsilon_inside_the_root",
        "epsilon_before_the_correction",
        "rate_inside_the_velocity",
    ],
)
def test_public_tests_see_what_rounds_or_misplaces_eps(name: str) -> None:
    verdicts = half().verdicts(half().planted(name), ["p2.updates"])
    public = [each for each in verdicts if "test_public" in each.plan.test]
    failed = [each.plan.test for each in public if each.result.outcome is not Outcome.PASSED]
    assert bool(failed) == (name != "rate_inside_the_velocity")  # which only shows when the rate changes


@pytest.mark.parametrize(("question", "text"), [("p2.updates", SIGNS), ("p2.schedules", SIGNS_OF_SCHEDULES)])
def test_guesses_fail_some_public_law(question: str, text: str) -> None:
    """In a student release the laws are the random tests, without which nothing else pays."""
    verdicts = half().verdicts(half().submission(optimizers=text), [question])
    laws = [each for each in verdicts if "test_public" in each.plan.test and each.plan.rung == "random"]
    assert laws
    assert all(each.result.outcome is not Outcome.PASSED for each in laws)


def test_half_a_review_earns_a_share() -> None:
    text = """
_right_review = review


def review(sheet):
    return _right_review(sheet) & {"warmup_exceeds_run", "decays_norms", "l2_in_adam", "wrong_step_unit"}
"""
    points = half().points(half().submission(optimizers=text), "p2.review")["p2.review"]
    assert 2.0 < points < 5.0


@pytest.mark.parametrize(
    ("there", "here"),
    [
        ("(epoch + 1) / warm if epoch < warm else multi_step(", "multi_step("),  # no warm-up, as in the notes
        ("param_groups(model, 0.01), lr=2e-5", "model.parameters(), lr=2e-5"),  # decay on norms, as there
        ('step_on="epoch", epochs=100', 'step_on="epoch", epochs=20'),
    ],
)
def test_an_error_of_the_documents_costs_one_criterion(there: str, here: str) -> None:
    text = (REWRITES / "plans_of_the_documents.py").read_text(encoding="utf-8")
    assert there in text
    points = half().points(half().submission(optimizers=text.replace(there, here)), "p2.configure")
    assert 13 - 2 * 13 / 17 < points["p2.configure"] < 13


@pytest.mark.parametrize("name", sorted(half().mistakes))
def test_mistake_loses_its_questions_and_no_other(name: str) -> None:
    assert set(half().lost(half().planted(name))) == set(half().mistakes[name].questions)


NAMED = (
    "warmup_one_step_ahead",
    "run_ends_at_epoch_of_its_length",
    "l2_for_decoupled_decay",
    "no_bias_correction",
    "epsilon_inside_the_root",
    "nesterov_as_heavy_ball",
    "embeddings_decayed",
    "tied_head_decayed",
    "resnet_without_warmup",
    "mlp_l2_of_a_tenth",
    "plateau_without_the_loss",
    "milestone_at_the_end_overlooked",
    "odd_things_called_defects",
    "reasons_decay_scales",
)


@pytest.mark.parametrize("name", NAMED)
def test_mistake_is_named(name: str) -> None:
    folder, questions = half().planted(name), half().mistakes[name].questions
    assert half().named(folder, *questions) == {name}


# ---- Questions by hand


@pytest.mark.parametrize(
    ("how", "body"),
    [
        ("class", "torch.optim.AdamW([p], lr=lr).step(); return p"),
        ("functional", "torch.optim._functional.adamw([p], [grad], [], [], [], [], lr=lr); return p"),
        (
            "fused",
            "one = torch.ones(()); "
            "torch._fused_adamw_([p], [grad], [grad], [grad], [], [one], lr=lr, beta1=0.9, beta2=0.999, "
            "weight_decay=0.0, eps=1e-8, amsgrad=False, maximize=False); return p",
        ),
    ],
)
def test_optimizers_of_torch_are_out_of_reach(how: str, body: str) -> None:
    """Through the real path: a worker in which torch.optim is closed, and a message that says so."""
    text = f"def adamw_step(p, grad, state, *, lr, **rest):\n    import torch.optim._functional\n    {body}"
    command = [sys.executable, "-m", "pytest", "assignments/p2/test_public_optimizers.py", "-k", "adamw"]
    command += ["-q", "-p", "no:cacheprovider", "--submission", str(half().submission(optimizers=text))]
    run = subprocess.run(command, capture_output=True, text=True, check=False, cwd=half().folder.parents[1])
    assert run.returncode == 1
    assert "torch.optim" in run.stdout, run.stdout
    assert "by hand" in run.stdout


# ---- The experiments


@pytest.mark.parametrize(
    ("folder", "arguments", "said"),
    [
        ("starter", "plan bert", "needs p2.configure"),
        ("starter", "update sgd", "needs p2.updates"),
        ("starter", "plan example", "900 steps, 10 an epoch"),
        ("reference", "plan resnet --samples 20000", "peak 0.8 at step 50"),
        ("reference", "plan mlp", "1,738 steps, 79 an epoch; peak 0.001 at step 0, last rate 0.0005"),
        ("reference", "plan mlp", "the run is stopped 10 epochs later"),
        ("reference", "update adamw --decay 0.1", "furthest from torch's"),
    ],
)
def test_experiment_says_what_it_saw_or_what_is_missing(folder: str, arguments: str, said: str) -> None:
    command = [sys.executable, "-m", "experiment", *arguments.split()]
    here = half().folder.parents[1] / folder / "p2"
    run = subprocess.run(command, capture_output=True, text=True, check=False, cwd=here)
    assert run.returncode == 0, run.stderr
    assert said in run.stdout
    assert "Traceback" not in run.stderr
