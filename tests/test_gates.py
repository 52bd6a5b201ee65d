"""A gate judges one run, or three, on seeds of its own, and prints its margin."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from grader.allowance import Allowance, TookTooLong
from grader.config import Assignment, GateSpec
from grader.faults import GraderFault, Mismatch
from grader.gate_file import write_gates
from grader.gates import Gate, Measured, find_gate, run_measure
from grader.scoring import Figure
from grader.thresholds import Circumstances, Figures, calibrated


def record(direction="higher"):
    """Mean 0.975, sd 0.003, mark 0.96 (or the same mirrored)."""
    values = np.random.default_rng(5).normal(size=60)
    values = 0.975 + 0.003 * (values - values.mean()) / values.std(ddof=1)
    figures = Figures(list(values if direction == "higher" else -values))
    return calibrated(figures, {}, Circumstances("accuracy", "cpu", "2026-11-22", {}), direction=direction)


def gate(figures, direction="higher", seed=1):
    """A gate whose runs give these figures in turn, and the seeds that it asked with."""
    seeds, left = [], list(figures)

    def measure(subject, bench, seed):
        seeds.append(seed)
        return left.pop(0)

    return Gate("p5.accuracy", record(direction), measure, None, seed), seeds


def subject():
    return SimpleNamespace(evidence=[], notes=[], allowance=Allowance())


@pytest.mark.parametrize(("seconds", "stopped"), [(25, True), (None, False)])
def test_each_run_has_a_limit_of_its_own(seconds, stopped):
    """Three runs of 24 seconds are within 25 each; one of 26 is not."""
    trained = subject()

    def taking(each):
        def measure(subject, bench, seed):
            subject.allowance.spent += each
            subject.allowance.check()
            return 0.9605 if each < 25 else 0.99

        return Gate("p5.accuracy", record(), measure, None, 1, seconds=seconds)

    for _ in range(3):
        taking(24)._figure(trained, 0)
    if stopped:
        with pytest.raises(TookTooLong, match="25 s of computing time"):
            taking(26).judge(trained)
        trained.allowance.check()  # the limit was the run's, not the test's
    else:
        taking(26).judge(trained)


def test_one_good_run_passes():
    judged, seeds = gate([0.97])
    judged.judge(subject())
    assert len(seeds) == 1


def test_a_run_between_asks_two_more():
    assert record().threshold == 0.96
    judged, seeds = gate([0.959, 0.961, 0.961])
    judged.judge(subject())
    assert len(set(seeds)) == 3


def test_one_bad_run_fails_with_its_margin():
    judged, seeds = gate([0.921])
    with pytest.raises(Mismatch) as caught:
        judged.judge(subject())
    assert caught.value.summary == "a right solution reaches 0.975 ± 0.003, yours 0.921, pass 0.96"
    assert len(seeds) == 1


def test_three_runs_fail_by_their_mean():
    judged, _ = gate([0.959, 0.961, 0.9592])
    with pytest.raises(Mismatch, match=r"yours 0\.9597 \(mean of 3 runs\), pass 0\.96"):
        judged.judge(subject())


def test_weights_that_were_handed_in_do_not_count_as_trained():
    """Data count only where the mark is reached: below it the margin is what helps."""
    judged, _ = gate([0.97, 0.97, 0.921])
    for held in (0, 2400):
        replace(judged, data_bytes=2400, held_bytes=held).judge(subject())
    with pytest.raises(Mismatch) as caught:
        replace(judged, data_bytes=2400, held_bytes=2401).judge(subject())
    assert caught.value.summary.startswith("a right solution reaches 0.975")
    judged, _ = gate([0.97, 0.97])
    with pytest.raises(Mismatch) as caught:
        replace(judged, data_bytes=2400, held_bytes=2401).judge(subject())
    assert "your files hold 2,401 bytes of data" in caught.value.summary
    assert "2,400 are allowed" in caught.value.summary
    replace(judged, held_bytes=99_999).judge(subject())  # where no limit is set nobody looks


def test_a_figure_is_ranked_as_measured_whether_it_passes_or_not():
    for runs, expected in (([0.97], 0.97), ([0.921], 0.921), ([0.959, 0.961, 0.9592], 0.9597)):
        ranked = []
        judged, _ = gate(runs)
        with contextlib.suppress(Mismatch):
            replace(judged, rank=ranked.append).judge(subject())
        assert ranked == [Figure(expected, "desc")]
    ranked = []
    judged, _ = gate([-0.97], "lower")
    replace(judged, rank=ranked.append).judge(subject())
    assert ranked == [Figure(-0.97, "asc")]


def test_weights_that_were_handed_in_are_not_ranked():
    ranked = []
    judged, _ = gate([0.97])
    with pytest.raises(Mismatch):
        replace(judged, data_bytes=10, held_bytes=11, rank=ranked.append).judge(subject())
    assert ranked == []


@pytest.mark.parametrize("figure", [float("nan"), float("inf"), -float("inf")])
def test_a_figure_that_is_not_finite_fails(figure):
    judged, _ = gate([figure])
    with pytest.raises(Mismatch, match="yours not a number, pass"):
        judged.judge(subject())


def test_lower_is_better():
    judged, _ = gate([-0.97], "lower")
    judged.judge(subject())
    judged, _ = gate([-0.921], "lower")
    with pytest.raises(Mismatch, match=r"reaches -0\.975 ± 0\.003, yours -0\.921, pass -0\.96"):
        judged.judge(subject())


def test_seeds_follow_the_grading_seed():
    runs = [0.959, 0.961, 0.961]
    asked = []
    for seed in (1, 1, 2):
        judged, seeds = gate(runs, seed=seed)
        judged.judge(subject())
        asked.append(seeds)
    assert asked[0] == asked[1]
    assert not set(asked[0]) & set(asked[2])


def test_evidence_stays_with_the_subject():
    student = subject()
    results = [Measured(0.959, {"loss": [1.46]}), Measured(0.961, {"loss": [1.47]}), 0.961]
    judged, _ = gate(results)
    judged.judge(student)
    assert student.evidence == [{"loss": [1.46]}, {"loss": [1.47]}, {}]
    student = subject()
    judged, _ = gate([Measured(0.1, {"loss": [2.3]})])
    with pytest.raises(Mismatch):
        judged.judge(student)
    assert student.evidence == [{"loss": [2.3]}]


@pytest.mark.parametrize("figure", [np.float32(0.5), np.array(0.5), 1, Measured(np.float64(0.5))])
def test_numbers_that_a_measure_may_give(figure):
    assert run_measure(lambda subject, bench, seed: figure, None, None, 1).figure in (0.5, 1.0)


@pytest.mark.parametrize("figure", [None, "0.9", True, np.array([0.9]), Measured(None)])  # type: ignore[arg-type]
def test_a_measure_that_gives_no_number_is_the_graders_fault(figure):
    with pytest.raises(GraderFault, match="a measure gives a number, not a"):
        run_measure(lambda subject, bench, seed: figure, None, None, 1)


def assignment(folder, measure="accuracy"):
    spec = GateSpec(measure=measure, wrong=[], seconds=20, data_bytes=2400)
    return Assignment("p5", folder, "Debug", ["debugging.py"], gates={"p5.accuracy": spec})


@pytest.fixture
def measures():
    module = ModuleType("measure")
    module.accuracy = lambda subject, bench, seed: 0.99
    return module


def test_find_gate(tmp_path, measures):
    write_gates(tmp_path / "gates.toml", {"p5.accuracy": record()})
    found = find_gate(assignment(tmp_path), "p5.accuracy", measures, None, 7)
    found.judge(subject())
    assert (found.id, found.seed, found.record.threshold) == ("p5.accuracy", 7, 0.96)
    assert (found.seconds, found.data_bytes) == (20, 2400)


def test_a_gate_that_cannot_be_found_is_the_graders_fault(tmp_path, measures):
    with pytest.raises(GraderFault, match=r"no gate 'p5\.speed' in p5; there are: p5\.accuracy"):
        find_gate(assignment(tmp_path), "p5.speed", measures, None, 7)
    with pytest.raises(GraderFault, match=r"p5\.accuracy is not calibrated: run `grader calibrate p5`"):
        find_gate(assignment(tmp_path), "p5.accuracy", measures, None, 7)
    write_gates(tmp_path / "gates.toml", {"p5.accuracy": record()})
    with pytest.raises(GraderFault, match="calibrate again"):
        find_gate(assignment(tmp_path, "loss"), "p5.accuracy", measures, None, 7)
    del measures.accuracy
    with pytest.raises(GraderFault, match="has no function 'accuracy'"):
        find_gate(assignment(tmp_path), "p5.accuracy", measures, None, 7)
