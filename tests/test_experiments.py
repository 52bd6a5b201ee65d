"""What students see of a short experiment: on a terminal, in a log, in a file."""

from __future__ import annotations

import io
import math
import sys
from pathlib import Path

import numpy as np
import pytest

from grader.experiments import show_bars, show_curves, show_images, track

FALLING = [2.3 * math.exp(-step / 8) + 0.02 for step in range(40)]


def test_a_curve_names_its_lines_and_levels(capsys) -> None:
    show_curves("Loss of a run", {"training": FALLING, "validation": FALLING[:20]}, levels={"ln 10": 2.303})
    out = capsys.readouterr().out
    for text in ("Loss of a run", "training", "validation", "ln 10 = 2.3", "epoch", "loss"):
        assert text in out
    assert "\x1b" not in out
    assert all(line == line.rstrip() and len(line) <= 100 for line in out.splitlines())


def test_two_curves_do_not_run_into_one_another(capsys) -> None:
    for _ in range(2):
        show_curves("Loss", {"only": FALLING})
    out = capsys.readouterr().out
    first, second = (f"Loss{part}" for part in out.split("Loss")[1:])
    assert first.split() == second.split()


@pytest.mark.parametrize(
    "values", [[math.nan, 1.0, math.inf, 0.5], [1.0], [0.0, 0.0], [1e-9, 1e9], [-1.0, 1e4]]
)
def test_curves_of_any_height(values, capsys) -> None:
    show_curves("Loss", {"training": values, "never": [math.nan]})
    assert "training" in capsys.readouterr().out


def test_a_curve_without_a_finite_value_is_refused() -> None:
    with pytest.raises(ValueError, match="Loss: nothing finite to draw"):
        show_curves("Loss", {"training": [math.nan, math.inf]})


def test_images_in_characters(capsys) -> None:
    image = np.zeros((4, 3))
    image[:2, 0] = 1.0
    show_images("Films", {"class 0": np.stack([image] * 9), "odd": np.ones((1, 5, 2))})
    lines = capsys.readouterr().out.splitlines()
    assert lines[:4] == ["Films", "", "class 0", "@   @   @"[: len(lines[3])]]
    assert "@@" in lines


def test_bars_keep_within_their_line(capsys) -> None:
    show_bars("Accuracy", {"A": 0.5, "hospital E": 7.0, "none": math.nan, "less": -1.0})
    lines = capsys.readouterr().out.splitlines()
    assert [line.count("█") for line in lines[1:]][2:] == [0, 0]
    assert 0 < lines[1].count("█") < lines[2].count("█")
    assert all(len(line) <= 100 for line in lines)


def test_a_terminal_that_knows_ascii_only(monkeypatch) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", stream)
    show_bars("Accuracy", {"A": 0.5})
    show_curves("Loss", {"training": FALLING})
    stream.seek(0)
    assert "###" in stream.read()


@pytest.mark.parametrize("ending", ["png", "svg"])
def test_everything_can_be_saved(ending, tmp_path: Path, capsys) -> None:
    show_curves("Loss", {"training": FALLING}, levels={"ln 10": 2.3}, save=tmp_path / f"c.{ending}")
    show_images("Films", {"class 0": np.zeros((2, 8, 8))}, save=tmp_path / f"i.{ending}")
    show_bars("Accuracy", {"A": 0.5, "B": math.nan}, save=tmp_path / f"b.{ending}")
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"{name}.{ending}" for name in "bci"]
    assert capsys.readouterr().out.count("drawn into") == 3


def test_progress_leaves_the_items_alone(capsys) -> None:
    assert list(track(range(3), "training the reference")) == [0, 1, 2]
    assert capsys.readouterr().err == "training the reference ...\n"
