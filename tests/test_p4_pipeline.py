"""Content of p4's pipeline.py: points, handout, figures, the closed answers."""

from __future__ import annotations

import math
import re
import sys
from functools import cache
from types import ModuleType

import pytest
from local import Half, handout_faults

from grader.lint import lint_file

pytestmark = pytest.mark.timeout(120)

POINTS = {"p4.budget": 5.0, "p4.configure": 5.0, "p4.stability": 4.0}
KEY = {
    "moderate_rate": "trains",
    "moderate_rate_zero_init": "lags",
    "high_rate": "blows_up",
    "high_rate_zero_init": "trains",
    "high_rate_clipped": "trains",
    "zero_init_without_shortcuts": "dead",
}


@cache
def half() -> Half:
    return Half("p4", "pipeline")


@pytest.fixture(scope="module")
def reference() -> ModuleType:
    """The reference's module, under a name of its own."""
    module = ModuleType("p4_pipeline_reference")
    sys.modules[module.__name__] = module
    path = half().reference_folder / "pipeline.py"
    exec(compile(path.read_text(encoding="utf-8"), path, "exec"), module.__dict__)
    return module


@pytest.fixture(scope="module")
def readme() -> str:
    return (half().folder / "README.md").read_text(encoding="utf-8")


# ---- Points, handout, lint


def test_points_of_each_question() -> None:
    assert half().max_points == POINTS


def test_handout() -> None:
    assert handout_faults(half()) == []


@pytest.mark.parametrize("path", sorted(half().folder.glob("test_*pipeline*.py")), ids=lambda path: path.stem)
def test_lint(path) -> None:
    assert lint_file(path) == []


def test_reference_earns_everything() -> None:
    assert half().points(half().submission()) == POINTS


# ---- Figures of the handout and the documents


def test_timeline_of_the_course(reference: ModuleType) -> None:
    plan = {"images": 100_000, "seconds_per_step": 0.5, "batch": 512, "drop_last": True}
    first = reference.budget(epochs=90, **plan)
    assert (first["steps_per_epoch"], first["steps"]) == (195, 17_550)
    assert (first["seconds_per_epoch"], first["hours"], first["fits"]) == (97.5, 2.4375, True)
    assert reference.budget(epochs=90, **{**plan, "drop_last": False})["steps_per_epoch"] == 196
    assert reference.budget(epochs=30, **plan)["hours"] == pytest.approx(0.8125)
    last = {"images": 100_000, "seconds_per_step": 0.4, "batch": 1024, "epochs": 50}
    assert reference.budget(drop_last=False, **last)["hours"] == pytest.approx(1960 / 3600)
    assert reference.budget(drop_last=True, **last)["hours"] == pytest.approx(0.5389, abs=5e-5)
    wrong = (90 * 2.5, 30 * 2.5)  # "2.5 hours per epoch" is the whole first plan
    assert wrong == (225, 75)


def test_week_of_the_captioner(reference: ModuleType) -> None:
    got = reference.allowance(3_000_000, 256, 100_000, 7)
    assert got["steps_per_epoch"] == 11_719
    assert got["epochs"] == pytest.approx(8.533, abs=5e-4)
    assert got["seconds_per_step"] == pytest.approx(6.048)


def test_epoch_89_is_validated(reference: ModuleType) -> None:
    assert reference.validation_epochs(90, 5) == [*range(0, 90, 5), 89]
    assert reference.validation_epochs(86, 5) == [*range(0, 90, 5)]


def test_images_that_three_quarters_take(reference: ModuleType) -> None:
    enough = [images for images in range(1000, 1200) if reference.attainable(images, 0.75)]
    assert enough[0] == pytest.approx(1080, abs=5)  # "about 1,080"
    assert not reference.attainable(100, 0.75)
    assert math.sqrt(13 * 128) == pytest.approx(41, abs=0.3)


def test_tables_of_the_handout_are_those_of_the_code(reference: ModuleType, readme: str) -> None:
    text = (half().reference_folder / "stability.py").read_text(encoding="utf-8")
    assert set(re.findall(r'^    "(\w+)": Configuration\(', text, re.MULTILINE)) == set(KEY)
    for name in KEY:
        assert f"| `{name}` |" in readme
    columns = list(zip(*reference.MEASURED, strict=True))
    for title, column in (("images per class", columns[0]), ("top-1 accuracy", columns[1])):
        assert f"| {title} | " + " | ".join(f"{number:,}" for number in column) + " |" in readme
    limit = re.search(r"self\.last < ([\d.]+)", text)
    assert limit is not None
    assert f"| `trains` | the mean of the last 20 losses is below {limit[1]} |" in readme


# ---- Closed answers


def earned(text: str) -> float:
    return half().points(half().submission(pipeline=text), "p4.stability")["p4.stability"]


SILENT = "\n\ndef attainable(images_per_class, top1):\n    return {}\n"


@pytest.mark.parametrize("outcome", ["dead", "blows_up", "trains", "lags"])
def test_constant_outcome_earns_nothing(outcome: str) -> None:
    assert earned(f"STABILITY = {dict.fromkeys(KEY, outcome)!r}" + SILENT.format("False")) == 0


@pytest.mark.parametrize("answer", ["True", "False", "top1 < 0.5", "images_per_class > 128", "top1 <= 0.765"])
def test_thoughtless_attainable_earns_nothing(answer: str) -> None:
    assert earned("STABILITY = {}" + SILENT.format(answer)) == 0


def test_key_is_the_one_of_the_reference(reference: ModuleType) -> None:
    assert reference.STABILITY == KEY


def test_half_right_outcomes_earn_their_share() -> None:
    wrong = {**KEY, "moderate_rate": "lags", "high_rate_clipped": "blows_up"}
    assert earned(f"STABILITY = {wrong!r}") == pytest.approx(1.4 + 2.6 * 2 / 6, abs=0.01)
    assert earned(f"STABILITY = {dict(list(KEY.items())[:3])!r}") == pytest.approx(1.2 + 2.6 / 2, abs=0.01)
