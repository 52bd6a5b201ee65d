"""Where a mark lies and what a gate admits to."""

from __future__ import annotations

import numpy as np
import pytest

from grader.faults import GraderFault
from grader.gate_file import GateRecord, load_gates, write_gates
from grader.thresholds import Circumstances, Figures, band, calibrated
from grader.tomlfile import ConfigError

WHEN = Circumstances("accuracy", "cpu", "2026-11-22", {"torch": "2.13.0", "python": "3.11.7"})


def normal(mean, sd, n):
    """n figures with exactly this mean and sd."""
    values = np.random.default_rng(5).normal(size=n)
    values = (values - values.mean()) / values.std(ddof=1)
    return Figures([float(value) for value in mean + sd * values])


def gate(reference, wrong=None, **options):
    return calibrated(reference, wrong or {}, WHEN, **options)


@pytest.mark.parametrize(
    ("reference", "threshold"),
    [  # figures of measured runs: mean, sd, n of the reference, and the mark that the rule proposes for them
        (normal(0.962, 0.0037, 25), 0.94),
        (normal(0.984, 0.006, 14), 0.95),
        (normal(0.759, 0.029, 20), 0.6),
    ],
)
def test_far_from_wrong_solutions_the_mark_is_the_prediction_bound_rounded_down(reference, threshold):
    record = gate(reference, {"broken": Figures([0.1] * 20)})
    assert record.threshold == pytest.approx(threshold)
    assert record.false_alarm <= record.false_alarm_bound <= 1e-3
    assert record.sd_run == record.sd
    assert record.caveats == []
    assert record.wrong[0].pass_chance_16 == 0.0


def test_a_near_wrong_solution_lifts_the_mark():
    record = gate(normal(0.962, 0.0037, 60), {"sigmoids": normal(0.9507, 0.0009, 20)})
    assert 0.9507 + 3 * 0.0009 <= record.threshold <= 0.962 - 2 * 0.0037
    assert record.false_alarm_bound <= 1e-3
    assert record.wrong[0].pass_chance_16 <= 1e-3


def test_what_no_mark_keeps_out_is_refused_unless_told():
    reference, wrong = normal(0.962, 0.0037, 60), {"sigmoids": normal(0.956, 0.005, 20)}
    with pytest.raises(
        GraderFault, match=r"no gate at 0\.94: sigmoids passes with a chance of 1 over 16 draws"
    ):
        gate(reference, wrong)
    record = gate(reference, wrong, accept_weak=True)
    assert record.threshold == 0.94
    assert record.caveats == ["sigmoids passes with a chance of 1 over 16 draws"]


def test_few_seeds_mean_a_lower_mark():
    marks = [gate(normal(0.95, 0.01, n)).threshold for n in (5, 10, 20, 60)]
    assert marks == sorted(marks)
    assert marks[0] < marks[-1]


def test_a_saturated_figure_is_judged_by_the_rule_of_three_and_says_so():
    reference, wrong = Figures([1.0] * 60), {"post_ln": normal(0.127, 0.046, 10)}
    with pytest.raises(GraderFault, match=r"chance of up to 0\.05 .*rule of three"):
        gate(reference, wrong)
    record = gate(reference, wrong, accept_weak=True)
    assert record.threshold == pytest.approx(0.92)
    assert record.sd == 0.0
    assert record.sd_run == pytest.approx(0.02)
    assert record.false_alarm == 0.0
    assert record.false_alarm_bound == 0.05
    assert "rule of three" in record.caveats[0]
    assert gate(Figures([1.0] * 60), accept_weak=True).threshold == pytest.approx(0.9)
    assert gate(Figures([1.0] * 3001)).caveats == []


def test_a_saturated_figure_that_a_wrong_solution_reaches_too():
    record = gate(Figures([1.0] * 5), {"harmless": Figures([1.0] * 5)}, accept_weak=True)
    assert record.threshold == 1.0
    assert record.wrong[0].pass_chance_16 == 1.0
    assert len(record.caveats) == 2


def test_a_reference_with_a_collapsed_run_is_no_reference():
    """59 good runs and one at chance: the sd hides it, so the runs that fail at once are counted too."""
    reference = Figures([*normal(0.96, 0.001, 400).values, 0.1])
    with pytest.raises(GraderFault, match="a right solution may fail with a chance of up to"):
        gate(reference)


def test_wrong_solutions_that_give_no_figure_do_not_pass():
    record = gate(
        normal(0.96, 0.004, 60), {"diverges": Figures([], failed=20), "mixed": Figures([0.1, 0.2], failed=3)}
    )
    diverges, mixed = record.wrong
    assert (diverges.n, diverges.failed, diverges.mean, diverges.pass_chance) == (20, 20, None, 0.0)
    assert (mixed.n, mixed.failed, mixed.min, mixed.max) == (5, 3, 0.1, 0.2)


def test_an_observed_pass_counts_whatever_the_normal_model_says():
    """Nineteen runs at chance and one that trained are not normal."""
    wrong = Figures([0.1] * 399 + [0.99])
    record = gate(normal(0.96, 0.004, 60), {"lucky": wrong}, accept_weak=True)
    assert record.wrong[0].pass_chance == pytest.approx(1 / 400)
    assert record.caveats != []


@pytest.mark.parametrize("reference", [Figures([]), Figures([0.9]), Figures([0.9, 0.91, 0.92], failed=1)])
def test_a_reference_without_figures_is_the_graders_fault(reference):
    with pytest.raises(GraderFault, match="two are needed"):
        gate(reference)


def test_lower_is_better():
    higher = gate(normal(-1.0, 0.05, 30), {"slow": normal(-3.0, 0.1, 10)})
    turned = {"slow": Figures([-value for value in normal(-3.0, 0.1, 10).values])}
    lower = gate(Figures([-value for value in normal(-1.0, 0.05, 30).values]), turned, direction="lower")
    assert lower.threshold == -higher.threshold
    assert lower.mean == pytest.approx(1.0)
    assert lower.min < lower.mean < lower.max
    assert lower.wrong[0].min < 3.0 < lower.wrong[0].max
    assert lower.false_alarm_bound == higher.false_alarm_bound


def test_band():
    record = gate(normal(0.96, 0.004, 60))
    low, high = band(record)
    assert low == pytest.approx(0.96 - 4 * 0.004, abs=0.001)
    assert low < record.mean < high
    saturated = gate(Figures([1.0] * 60), accept_weak=True)
    assert band(saturated)[0] == pytest.approx(0.9, abs=0.01)


def test_records_survive_the_file(tmp_path):
    gates = {
        "p5.speed": gate(normal(0.96, 0.004, 60), {"a": normal(0.1, 0.01, 9), "b": Figures([], failed=2)}),
        "p5.accuracy": gate(Figures([1.0] * 60), accept_weak=True),
    }
    path = tmp_path / "gates.toml"
    write_gates(path, gates)
    first = path.read_bytes()
    read = load_gates(path)
    assert list(read) == ["p5.accuracy", "p5.speed"]
    assert read["p5.speed"].threshold == gates["p5.speed"].threshold
    assert read["p5.speed"].mean == pytest.approx(gates["p5.speed"].mean, rel=1e-5)
    assert [wrong.name for wrong in read["p5.speed"].wrong] == ["a", "b"]
    assert read["p5.accuracy"].caveats == gates["p5.accuracy"].caveats
    write_gates(path, read)
    assert path.read_bytes() == first
    assert not list(tmp_path.glob("*.new"))


def test_no_file_is_no_gates(tmp_path):
    assert load_gates(tmp_path / "gates.toml") == {}


def test_a_damaged_file_is_refused_with_its_line(tmp_path):
    path = tmp_path / "gates.toml"
    write_gates(path, {"p5.accuracy": gate(normal(0.96, 0.004, 60))})
    text = path.read_text()
    path.write_text(text.replace("threshold", "treshold"))
    with pytest.raises(ConfigError, match=r"gates.toml:\d+.*threshold"):
        load_gates(path)


def test_a_figure_that_is_not_finite_cannot_be_written(tmp_path):
    record = gate(normal(0.96, 0.004, 60))
    broken = GateRecord(
        **{name: getattr(record, name) for name in record.__struct_fields__} | {"mean": float("nan")}
    )
    with pytest.raises(GraderFault, match="nan"):
        write_gates(tmp_path / "gates.toml", {"p5.accuracy": broken})
    assert not (tmp_path / "gates.toml").exists()
