"""A race: rounds in processes of their own, paired times, a floor, a band, and what each verdict rests on."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import numpy as np
import pytest

from grader.allowance import Allowance
from grader.bench import Bench
from grader.beside import load
from grader.cards import PEAKS, Card, NoCard, Peak
from grader.config import Assignment, Course, RaceSpec
from grader.faults import GraderFault, Mismatch, NotRunHere, Outcome, SubmissionFault
from grader.gate_file import RaceRecord, RatioRecord, SecondsRecord, load_races, render_gates, write_gates
from grader.mistakes import read_mistakes
from grader.races import Race, find_race
from grader.rounds import Round, Work
from grader.scoring import Figure
from grader.site import Site, rehearsal
from grader.thresholds import Circumstances, Figures, calibrated

CARD = Card("Card", "GPU-1", 80 << 30, 1 << 30, "570")
PEAK = Peak(1e12, {"fp32": 1e12})
SPEC = RaceSpec(
    measure="gpu_x",
    warm_up="gpu_x_warm_up",
    run=["gpu_x_fit", "gpu_x_predict"],
    seconds=60,
    size={"n": 1000},
    toy={"n": 10},
    toy_least=0.5,
)
NAMES = SimpleNamespace(gpu_x_warm_up="warm up", gpu_x_fit="fit", gpu_x_predict="predict")
LOG = list[tuple[Any, ...]]


@dataclass
class Runner:
    """A subject whose rounds take and give what is written here, in turn; the last is repeated."""

    name: str
    log: LOG
    seconds: list[float] = field(default_factory=lambda: [1.0])
    scores: list[Any] = field(default_factory=lambda: [0.975])
    evidence: list[Any] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    allowance: Allowance = field(default_factory=Allowance)
    fault: Exception | None = None

    def anew(self) -> Runner:
        self.log.append((self.name, "new"))
        return self

    def end(self) -> None:
        self.log.append((self.name, "end"))

    def clocked(self, calls: list[tuple[str, dict[str, Any]]]) -> tuple[list[Any], float]:
        self.log.append((self.name, *((function, dict(given)) for function, given in calls)))
        if self.fault and calls[0][0] != "warm up":
            raise self.fault
        if calls[0][0] == "warm up":
            return [None], 100.0
        score = self.scores.pop(0) if len(self.scores) > 1 else self.scores[0]
        seconds = self.seconds.pop(0) if len(self.seconds) > 1 else self.seconds[0]
        return [None, score], seconds


def record(**more: Any) -> RaceRecord:
    """Score 0.975 ± 0.003, pass 0.96; a second a round, between a half and two; ratios up to 1.2."""
    values = np.random.default_rng(5).normal(size=60)
    values = 0.975 + 0.003 * (values - values.mean()) / values.std(ddof=1)
    gate = calibrated(Figures(list(values)), {}, Circumstances("gpu_x", "Card", "2026-11-23", {}))
    told: dict[str, Any] = {
        "rounds": 5,
        "driver": "570",
        "ratio": RatioRecord(mark=1.2, quantile=1.1, sd_log=0.02, n=20),
        "time": SecondsRecord(low=0.5, high=2.0, mean=1.0, sd=0.1),
    }
    return RaceRecord(**{**msgspec.structs.asdict(gate), **told, **more})


def drawing(rng: np.random.Generator, size: dict[str, Any]) -> Round:
    """The secret is a number of the generator's; the score is what was answered."""
    secret = int(rng.integers(2**31))
    return Round([{"secret": secret, "n": size["n"]}, {"tests": secret}], lambda answers, wanted: answers[1])


@pytest.fixture
def log() -> LOG:
    return []


def used(*taken: int):
    """A driver that says how much is taken, in turn."""
    left = list(taken)

    def look(uuid: str) -> Card:
        return replace(CARD, used_bytes=left.pop(0) if len(left) > 1 else left[0])

    return look


def on_card(look: Any = None) -> Site:
    return Site("cuda", "Card", PEAK, CARD, look or used(CARD.used_bytes))


def race(**more: Any) -> Race:
    """On a calibrated card; work that takes it a hundredth of a second."""
    made: dict[str, Any] = {
        "spec": SPEC,
        "draw": drawing,
        "work": Work(operations=1e10, precision="fp32"),
        "bench": NAMES,
        "seed": 1,
        "site": on_card(),
        "record": record(),
    }
    return Race(**{"id": "q1.x", **made, **more})


def both(log: LOG, **student: Any) -> tuple[Any, Any]:
    return Runner("student", log, **student), Runner("reference", log)


# -- the protocol


def test_each_round_of_each_is_a_process_of_its_own_and_one_at_a_time(log: LOG) -> None:
    race().judge(*both(log))
    whole = [log[at : at + 4] for at in range(0, len(log), 4)]
    assert len(whole) == 10
    for new, warm_up, run, end in whole:
        assert {new[0], warm_up[0], run[0], end[0]} in ({"student"}, {"reference"})
        assert (new[1], end[1]) == ("new", "end")
        assert [call[0] for call in warm_up[1:]] == ["warm up"]
        assert [call[0] for call in run[1:]] == ["fit", "predict"]


def test_a_warm_up_is_told_the_size_and_the_device_and_nothing_else(log: LOG) -> None:
    race().judge(*both(log))
    told = [entry[1][1] for entry in log if entry[1][0] == "warm up"]
    assert told == [{"n": 1000, "device": "cuda"}] * 10


def test_both_get_the_same_in_a_round_and_every_round_is_another(log: LOG) -> None:
    race().judge(*both(log))
    asked = [entry for entry in log if entry[1][0] == "fit"]
    pairs = [(asked[at][1:], asked[at + 1][1:]) for at in range(0, 10, 2)]
    assert all(one == other for one, other in pairs)
    assert len({one[0][1]["secret"] for one, _ in pairs}) == 5
    assert all(call[1]["device"] == "cuda" for one, _ in pairs for call in one)


def test_who_begins_is_drawn_from_the_seed() -> None:
    def first(seed: int) -> list[str]:
        log: LOG = []
        race(seed=seed).judge(*both(log))
        begun = [entry[0] for entry in log if entry[1] == "new"]
        return begun[::2]

    orders = {tuple(first(seed)) for seed in range(8)}
    assert len(orders) > 4
    assert {name for order in orders for name in order} == {"student", "reference"}
    assert first(3) == first(3)


def test_a_process_is_ended_where_the_round_fails(log: LOG) -> None:
    fault = SubmissionFault(Outcome.SUBMISSION_ERROR, "raised")
    with pytest.raises(SubmissionFault):
        race().judge(*both(log, fault=fault))
    assert log[-1] == ("student", "end")
    assert sum(entry[1] == "new" for entry in log) == sum(entry[1] == "end" for entry in log)


def test_each_round_has_a_limit_of_its_own(log: LOG) -> None:
    student, reference = both(log)
    seen = []
    student.clocked = lambda calls: (seen.append(list(student.allowance._parts)), ([None, 0.975], 1.0))[1]
    race().judge(student, reference)
    assert {seconds for parts in seen for _, seconds in parts} == {60}
    assert student.allowance._parts == []


def test_inputs_and_functions_are_as_many(log: LOG) -> None:
    with pytest.raises(GraderFault, match="gpu_x draws 1 inputs for 2 functions"):
        race(draw=lambda rng, size: Round([{}], lambda *_: 1.0)).judge(*both(log))


# -- the score


def test_a_good_first_round_decides(log: LOG) -> None:
    student, reference = both(log, scores=[0.97, 0.1, 0.1, 0.1, 0.1])
    race().judge(student, reference)
    assert student.notes == [
        "a right solution reaches 0.975 ± 0.003, yours 0.970, pass 0.96; "
        "1 times as long as the reference (median of 5 rounds), pass 1.2"
    ]


def test_between_the_marks_three_rounds_decide(log: LOG) -> None:
    race().judge(*both(log, scores=[0.959, 0.961, 0.961, 0.0, 0.0]))
    with pytest.raises(Mismatch, match=r"yours 0\.959 \(mean of 3 runs\), pass 0\.96"):
        race(laps=[]).judge(*both(log, scores=[0.959, 0.959, 0.959, 1.0, 1.0]))


def test_a_bad_score_fails_however_fast(log: LOG) -> None:
    with pytest.raises(Mismatch, match=r"yours 0\.900, pass 0\.96"):
        race().judge(*both(log, scores=[0.9], seconds=[0.5]))


def test_a_lower_score_can_be_the_better_one(log: LOG) -> None:
    spec = msgspec.structs.replace(SPEC, direction="lower")
    values = np.random.default_rng(5).normal(0.975, 0.003, size=60)
    gate = calibrated(Figures(list(values)), {}, Circumstances("gpu_x", "Card", "", {}), direction="lower")
    turned = record(**msgspec.structs.asdict(gate))
    race(spec=spec, record=turned).judge(*both(log, scores=[0.5]))
    with pytest.raises(Mismatch, match=r"yours 1\.1"):
        race(spec=spec, record=turned, laps=[]).judge(*both(log, scores=[1.1]))


@pytest.mark.parametrize("score", [float("nan"), float("inf")])
def test_a_score_that_is_no_number_fails(log: LOG, score: float) -> None:
    with pytest.raises(Mismatch, match="not a number"):
        race().judge(*both(log, scores=[score]))


def test_answers_that_the_score_stumbles_over_fail_in_words(log: LOG) -> None:
    def draw(rng: np.random.Generator, size: Any) -> Round:
        return Round([{}, {}], lambda answers, wanted: answers[1]["accuracy"])

    right = Runner("reference", log, scores=[{"accuracy": 0.975}])
    with pytest.raises(Mismatch, match="the answers have another form than is asked"):
        race(draw=draw).judge(Runner("student", log, scores=[7]), right)


def test_a_score_that_stumbles_over_the_reference_is_our_fault(log: LOG) -> None:
    def draw(rng: np.random.Generator, size: Any) -> Round:
        return Round([{}, {}], lambda answers, wanted: wanted[7])

    with pytest.raises(GraderFault, match="the reference's answers cannot be scored"):
        race(draw=draw).judge(*both(log))


def test_a_reference_below_its_own_mark_is_our_fault(log: LOG) -> None:
    with pytest.raises(GraderFault, match=r"the reference reaches 0\.5, pass 0\.96"):
        race().judge(Runner("student", log), Runner("reference", log, scores=[0.5]))


def test_weights_that_were_handed_in_do_not_count(log: LOG) -> None:
    spec = msgspec.structs.replace(SPEC, data_bytes=1000)
    race(spec=spec, held_bytes=1000).judge(*both(log))
    with pytest.raises(Mismatch, match="weights are to be trained, not typed in"):
        race(spec=spec, held_bytes=1001, laps=[]).judge(*both(log))


# -- the time


def test_the_median_of_the_paired_ratios_is_judged(log: LOG) -> None:
    # The machine halves its speed after two rounds: every time doubles, no ratio moves.
    student = Runner("student", log, seconds=[1.1, 1.1, 1.9, 1.9, 1.9])
    reference = Runner("reference", log, seconds=[1.0, 1.0, 1.9, 1.9, 1.9])
    race().judge(student, reference)
    with pytest.raises(
        Mismatch, match=r"1\.3 times as long as the reference \(median of 5 rounds\), pass 1\.2"
    ):
        race(laps=[]).judge(
            Runner("student", log, seconds=[1.3, 1.3, 1.3, 1.0, 1.0]), Runner("reference", log)
        )


def test_two_slow_rounds_of_five_are_forgiven(log: LOG) -> None:
    race().judge(*both(log, seconds=[9.0, 1.0, 1.0, 9.0, 1.0]))


def test_a_time_is_only_told_where_it_is_not_judged(log: LOG) -> None:
    student, reference = both(log, seconds=[5.0])
    race(spec=msgspec.structs.replace(SPEC, speed=False)).judge(student, reference)
    assert "5 times as long as the reference" in student.notes[0]


def test_a_share_of_what_the_card_can_do(log: LOG) -> None:
    spec = msgspec.structs.replace(SPEC, least_share=0.5)
    with pytest.raises(Mismatch, match=r"0\.01 of what Card can do, pass 0\.5"):
        race(spec=spec).judge(*both(log))
    work = Work(operations=0.6e12, precision="fp32")
    race(spec=spec, work=work, laps=[]).judge(*both(log))


def test_a_round_below_the_floor_is_invalid_not_fast(log: LOG) -> None:
    with pytest.raises(Mismatch, match=r"a round took 0\.00999 s, and its work takes Card at least 0\.01 s"):
        race().judge(*both(log, seconds=[1.0, 1.0, 1.0, 0.00999, 1.0]))


def test_a_reference_below_the_floor_is_our_fault(log: LOG) -> None:
    with pytest.raises(GraderFault, match="the work or the table of cards is wrong"):
        race().judge(Runner("student", log), Runner("reference", log, seconds=[0.00999]))


@pytest.mark.parametrize("seconds", [0.49, 2.01])
def test_a_reference_outside_its_band_means_that_nothing_is_judged(log: LOG, seconds: float) -> None:
    wrong = Runner("student", log, seconds=[seconds], scores=[0.1])
    with pytest.raises(NotRunHere, match="this machine is not fit: the reference takes"):
        race().judge(wrong, Runner("reference", log, seconds=[seconds]))


def test_one_odd_round_of_the_reference_does_not_make_a_machine_unfit(log: LOG) -> None:
    race().judge(Runner("student", log), Runner("reference", log, seconds=[9.0, 1.0, 1.0, 1.0, 1.0]))


def test_rounds_are_kept_and_ranked(log: LOG) -> None:
    kept: list[Any] = []
    ranks: list[Figure] = []
    ready = race(keep=lambda race: kept.append([lap.ratio for lap in race.laps]), rank=ranks.append)
    ready.judge(*both(log, seconds=[1.1]))
    assert kept == [[1.1] * 5]
    assert ranks == [Figure(1.1, "asc")]


def test_rounds_that_were_finished_are_kept_where_a_later_one_fails(log: LOG) -> None:
    kept: list[int] = []
    with pytest.raises(Mismatch):
        race(keep=lambda race: kept.append(len(race.laps))).judge(*both(log, seconds=[1.0, 1.0, 0.0]))
    assert kept == [2]


# -- the device


def test_memory_that_stays_taken_is_a_finding(log: LOG, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("grader.site.LEAVE_SECONDS", 0.0)
    site = on_card(used(CARD.used_bytes + (65 << 20)))
    with pytest.raises(GraderFault, match="65 MiB of Card are still taken after the processes"):
        race(site=site).judge(*both(log))


def test_memory_that_comes_back_in_a_moment_is_none(log: LOG, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("grader.site.POLL_SECONDS", 0.0)
    race(site=on_card(used(CARD.used_bytes + (9 << 30), CARD.used_bytes))).judge(*both(log))


def test_a_device_in_use_is_left_alone() -> None:
    site = on_card(used(79 << 30))
    site.roomy(1 << 30)
    with pytest.raises(NotRunHere, match=r"Card has 1,024 MiB free and 1,025 MiB are needed: it is in use"):
        site.roomy((1 << 30) + (1 << 20))


def test_a_device_that_is_lost_is_our_fault() -> None:
    def gone(uuid: str) -> Card:
        raise NoCard("nvidia-smi failed")

    with pytest.raises(GraderFault, match="the GPU was lost: nvidia-smi failed"):
        on_card(gone).settled()


# -- the rehearsal


def test_a_rehearsal_is_small_short_and_on_the_processor(log: LOG) -> None:
    race(site=rehearsal(), record=None, work=Work()).judge(*both(log, seconds=[50.0]))
    assert sum(entry[1] == "new" for entry in log) == 4
    assert {call[1]["device"] for entry in log for call in entry[1:] if isinstance(call, tuple)} == {"cpu"}
    assert {entry[1][1]["n"] for entry in log if entry[1][0] in ("fit", "warm up")} == {10}


def test_a_rehearsal_wants_more_than_chance(log: LOG) -> None:
    rehearsed = race(site=rehearsal(), record=None, work=Work())
    with pytest.raises(Mismatch, match=r"at toy size a right solution reaches 0\.5 for sure, yours 0\.4"):
        rehearsed.judge(*both(log, scores=[0.4]))
    spec = msgspec.structs.replace(SPEC, toy_least=None)
    race(site=rehearsal(), record=None, work=Work(), spec=spec).judge(*both(log, scores=[0.4]))


def test_a_reference_that_does_not_learn_at_toy_size_is_our_fault(log: LOG) -> None:
    with pytest.raises(GraderFault, match=r"the reference reaches 0\.4 at toy size, not 0\.5"):
        race(site=rehearsal(), record=None, work=Work()).judge(
            Runner("student", log), Runner("reference", log, scores=[0.4])
        )


def test_a_rehearsal_has_the_processors_floor(log: LOG) -> None:
    work = Work(operations=1e18, precision="fp32")
    with pytest.raises(Mismatch, match="its work takes this machine's processor at least"):
        race(site=rehearsal(), record=None, work=work).judge(
            Runner("student", log, seconds=[0.1]), Runner("reference", log, seconds=[1e9])
        )


# -- finding one


@pytest.fixture
def assignment(tmp_path) -> Assignment:
    return Assignment("q1", tmp_path, "Q", ["a.py"], races={"q1.x": SPEC})


MEASURES: Any = SimpleNamespace(
    __name__="measure_gpu", gpu_x=drawing, gpu_x_work=lambda size: Work(operations=float(size["n"]))
)


def test_a_card_that_was_not_calibrated_is_nobodys_fault(assignment: Assignment) -> None:
    with pytest.raises(NotRunHere, match="not calibrated for Card: `grader calibrate q1 --device cuda`"):
        find_race(assignment, "q1.x", MEASURES, NAMES, 1, on_card())


def test_a_calibrated_card_is_found_by_its_name(assignment: Assignment) -> None:
    write_gates(assignment.gates_path, {}, {"q1.x": {"Card": record(), "Other": record(device="Other")}})
    found = find_race(assignment, "q1.x", MEASURES, NAMES, 1, on_card())
    assert found.record == load_races(assignment.gates_path)["q1.x"]["Card"]
    assert found.work.operations == 1000


def test_a_rehearsal_needs_no_calibration(assignment: Assignment) -> None:
    found = find_race(assignment, "q1.x", MEASURES, NAMES, 1, rehearsal())
    assert (found.record, found.work.operations) == (None, 10)


@pytest.mark.parametrize("more", [{"rounds": 7}, {"measure": "gpu_y"}])
def test_what_was_calibrated_otherwise_is_not_used(assignment: Assignment, more: Any) -> None:
    write_gates(assignment.gates_path, {}, {"q1.x": {"Card": record(**more)}})
    with pytest.raises(GraderFault, match="calibrate again"):
        find_race(assignment, "q1.x", MEASURES, NAMES, 1, on_card())


def test_names_that_do_not_exist(assignment: Assignment) -> None:
    with pytest.raises(GraderFault, match=r"no race 'q1\.y' in q1; there are: q1\.x"):
        find_race(assignment, "q1.y", MEASURES, NAMES, 1, rehearsal())
    lacking: Any = SimpleNamespace(__name__="measure_gpu", gpu_x=drawing)
    with pytest.raises(GraderFault, match="measure_gpu has no function 'gpu_x_work'"):
        find_race(assignment, "q1.x", lacking, NAMES, 1, rehearsal())


# -- the file


def test_records_of_several_cards_come_back_as_they_were_written(tmp_path) -> None:
    path = tmp_path / "gates.toml"
    races = {"q1.x": {"NVIDIA H100 80GB HBM3": record(), "Card": record(driver="580")}}
    write_gates(path, {}, races)
    read = load_races(path)
    assert render_gates({}, read) == path.read_text(encoding="utf-8")
    assert '[races."q1.x"."NVIDIA H100 80GB HBM3"]' in path.read_text(encoding="utf-8")
    assert read["q1.x"]["Card"].driver == "580"


def test_gates_are_written_without_losing_races(tmp_path) -> None:
    path = tmp_path / "gates.toml"
    write_gates(path, {}, {"q1.x": {"Card": record()}})
    write_gates(path, {})
    assert list(load_races(path)) == ["q1.x"]


# -- the races of the course

COURSE = Course(Path(__file__).parents[1])
RACES = [(name, race) for name in COURSE.assignments() for race in COURSE.assignment(name).races]


def test_the_course_has_races() -> None:
    assert ("p5", "p5.gpu_train") in RACES


@pytest.mark.parametrize(("name", "race"), RACES)
def test_a_race_of_the_course_is_whole(name: str, race: str) -> None:
    assignment = COURSE.assignment(name)
    spec, bench = assignment.races[race], Bench(assignment.folder)
    for function in (spec.warm_up, *spec.run):
        assert getattr(bench, function).origin.startswith("bench_gpu")
    assert race in assignment.questions
    assert assignment.questions[race].file in assignment.optional
    known = read_mistakes(COURSE.reference(name))
    assert [wrong for wrong in spec.wrong if race not in known[wrong].questions] == []
    found = find_race(assignment, race, load(assignment.folder / "measure_gpu.py"), bench, 1, rehearsal())
    drawn = found.draw(np.random.default_rng(1), found.size)
    assert len(drawn.inputs) == len(spec.run)
    assert 0 < found.floor < 1.0
    for peak in PEAKS.values():  # at full size, on any card that is known
        assert 0 < peak.seconds(work_at_full_size(found)) < spec.seconds


def work_at_full_size(found: Race) -> Work:
    module = sys.modules[found.draw.__module__]
    return getattr(module, f"{found.spec.measure}_work")(dict(found.spec.size))
