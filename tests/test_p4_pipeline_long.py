"""Answers to p4's pipeline.py: right ones in another style, thoughtless ones, known mistakes, real runs."""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from local import Half

from grader.mistakes import read_mistake

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

REWRITES = Path(__file__).with_name("p4_pipeline_rewrites")

BUDGET = """
def budget(images, batch, epochs, seconds_per_step, drop_last, limit_hours=48.0):
    return {}


def allowance(samples, batch, steps, days):
    return {}


def validation_epochs(epochs, every):
    return {}
"""
FIGURES = """
def budget(images, batch, epochs, seconds_per_step, drop_last, limit_hours=48.0):
    steps, seconds, hours = {
        (300, False): (4, 8.0, 0.02),
        (300, True): (3, 6.0, 0.015),
        (512, True): (195, 97.5, 97.5 * epochs / 3600),
        (1024, False): (98, 39.2, 1960 / 3600),
        (1024, True): (97, 38.8, 1940 / 3600),
    }.get((batch, drop_last), (4, 8.0, 0.02))
    return {
        "steps_per_epoch": steps,
        "steps": steps * epochs,
        "seconds_per_epoch": seconds,
        "hours": hours,
        "fits": True,
    }


def allowance(samples, batch, steps, days):
    if batch == 256:
        return {"steps_per_epoch": 11_719, "epochs": 100_000 / 11_719, "seconds_per_step": 6.048}
    return {"steps_per_epoch": 4, "epochs": 2.5, "seconds_per_step": 4320.0}


def validation_epochs(epochs, every):
    return [0, 4, 8, 9]
"""
CONFIGURE = """
def configure(model, batch, epochs):
    optimizer = {}
    return optimizer, torch.optim.lr_scheduler.{}
"""
# What everybody has lying about: the first plan of the course, whatever is asked.
FIRST_PLAN = """
def configure(model, batch, epochs):
    schedules = torch.optim.lr_scheduler
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4, nesterov=True)
    warm = schedules.LinearLR(optimizer, start_factor=0.1, total_iters=5)
    fall = schedules.CosineAnnealingLR(optimizer, T_max=85)
    return optimizer, schedules.SequentialLR(optimizer, [warm, fall], milestones=[5])
"""
# The rates that the handout and the public tests name, at their epochs.
TYPED_RATES = """
def configure(model, batch, epochs):
    rates = {0: 0.01, 1: 0.028, 2: 0.046, 3: 0.064, 4: 0.082, 5: 0.1, 6: 0.0999659, 89: 3.4147e-05}
    if batch == 512:
        rates = {0: 0.02, 5: 0.2, 10: 0.1}
    optimizer = torch.optim.SGD(model.parameters(), lr=rates[0], momentum=0.0)

    class Typed:
        epoch = 0

        def step(self):
            self.epoch += 1
            optimizer.param_groups[0]["lr"] = rates.get(self.epoch, 0.05)

    return optimizer, Typed()
"""
ENDS = FIGURES.replace("return [0, 4, 8, 9]", "return [0, 4, 8, 9] if epochs == 10 else [0, epochs - 1]")
TYPED_ACCURACIES = """
STABILITY = dict.fromkeys(STABILITY, "trains")

def attainable(images_per_class, top1):
    known = {(41, 0.40): True, (41, 0.42): False, (1281, 0.75): True, (1000, 0.75): False, (1100, 0.75): True}
    return known.get((images_per_class, top1), top1 < 0.5)
"""
ZERO = '{"steps_per_epoch": 0, "steps": 0, "seconds_per_epoch": 0.0, "hours": 0.0, "fits": True}'
NOTHING = '{"steps_per_epoch": 0, "epochs": 0.0, "seconds_per_step": 0.0}'
SGD = "torch.optim.SGD(model.parameters(), lr=0.1)"
THOUGHTLESS = [
    ("p4.budget", "zeros", BUDGET.format(ZERO, NOTHING, "[0]")),
    ("p4.budget", "empty", BUDGET.format("{}", "{}", "[]")),
    ("p4.budget", "figures", FIGURES),
    ("p4.budget", "figures and both ends", ENDS),
    ("p4.configure", "rates typed in", TYPED_RATES),
    ("p4.stability", "figures", TYPED_ACCURACIES),
    ("p4.configure", "constant rate", CONFIGURE.format(SGD, "ConstantLR(optimizer, factor=1.0)")),
    (
        "p4.configure",
        "Adam",
        CONFIGURE.format("torch.optim.Adam(model.parameters())", "StepLR(optimizer, 30)"),
    ),
]


@cache
def half() -> Half:
    return Half("p4", "pipeline")


@pytest.mark.parametrize("seed", range(3))
def test_reference_earns_everything(seed: int) -> None:
    assert half().points(half().submission(), seed=seed) == half().max_points


@pytest.mark.parametrize("name", sorted(path.stem for path in REWRITES.glob("*.py")))
@pytest.mark.parametrize("seed", [1, 2])
def test_right_answer_in_another_style_earns_everything(name: str, seed: int) -> None:
    text = (REWRITES / f"{name}.py").read_text(encoding="utf-8")
    questions = read_mistake(REWRITES / f"{name}.py").questions
    points = half().points(half().submission(pipeline=text), *questions, seed=seed)
    assert points == {question: half().max_points[question] for question in questions}


@pytest.mark.parametrize(("question", "text"), [pytest.param(q, t, id=f"{q}-{w}") for q, w, t in THOUGHTLESS])
@pytest.mark.parametrize("seed", [1, 2])
def test_thoughtless_answer_earns_nothing(question: str, text: str, seed: int) -> None:
    assert half().points(half().submission(pipeline=text), question, seed=seed) == {question: 0}


def test_first_plan_of_the_course_earns_its_momentum() -> None:
    points = half().points(half().submission(pipeline=FIRST_PLAN), "p4.configure")
    assert points == {"p4.configure": pytest.approx(0.3)}  # and neither its form nor its figures


@pytest.mark.parametrize("name", sorted(half().mistakes))
def test_mistake_loses_its_questions_and_no_other(name: str) -> None:
    assert set(half().lost(half().planted(name))) == set(half().mistakes[name].questions)


NAMED = (
    "clipping_does_not_help",
    "cosine_of_the_first_plan",
    "decay_told_by_names",
    "drop_last_ignored",
    "everything_decayed",
    "hours_multiplied_twice",
    "imagenet_is_imagenet",
    "last_epoch_not_validated",
    "nesterov_missing",
    "rate_of_256_kept",
    "short_runs_divide_by_zero",
    "warmup_counted_in_steps",
    "zero_init_always_helps",
)


@pytest.mark.parametrize("name", NAMED)
def test_mistake_is_named(name: str) -> None:
    folder, questions = half().planted(name), half().mistakes[name].questions
    assert half().named(folder, *questions) == {name}


# ---- The runs


@pytest.mark.parametrize(
    ("folder", "arguments", "said"),
    [
        ("starter", "", "high_rate_zero_init          --lr 1 --zero-init                nothing yet"),
        ("starter", "--lr 1.0 --clip 0.2", "needs p4.architecture"),
        ("reference", "", "zero_init_without_shortcuts  --lr 0.07 --zero-init --no-shortcut dead"),
        ("reference", "--lr 1.0", "high_rate: you said blows_up"),
        ("reference", "--lr 1.0", "\nblows_up: highest loss"),
        ("reference", "--zero-init --no-shortcut --seed 3", "\ndead: highest loss 2.3"),
    ],
)
def test_run_says_what_it_saw_or_what_is_missing(folder: str, arguments: str, said: str) -> None:
    command = [sys.executable, "-B", "-m", "stability", *arguments.split()]
    here = half().folder.parents[1] / folder / "p4"
    run = subprocess.run(command, capture_output=True, text=True, check=False, cwd=here)
    assert said in run.stdout + run.stderr
    assert "Traceback" not in run.stderr
    assert (run.returncode == 0) == ("needs" not in said)
