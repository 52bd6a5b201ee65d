"""Content of p4's training.py: answers right, wrong and thoughtless; the planted traces; the processes.

Every known mistake and every other style take longer: test_p4_training_long.py.
"""

from __future__ import annotations

import itertools
import multiprocessing
import os
import sys
import time
from functools import cache

import numpy as np
import pytest
import torch
from local import Half, handout_faults
from p4_training_answers import REWRITES, THOUGHTLESS

from grader.beside import load
from grader.lint import lint_file

pytestmark = [pytest.mark.timeout(120), pytest.mark.slow]

POINTS = {"p4.monitor": 5.0, "p4.amp": 6.0, "p4.checkpoint": 7.0, "p4.distributed": 7.0}
QUICK_MISTAKES = (
    "clip_before_unscale",
    "lowest_loss_is_best",
    "mean_of_means",
    "schedule_goes_on_regardless",
    "torch_generator_alone",
    "written_in_place",
)


@cache
def half() -> Half:
    return Half("p4", "training")


@cache
def traces():
    """The planter of traces."""
    return load(half().folder / "shared_public_traces.py")


@cache
def made_by_hand():
    """The makers of further traces."""
    return load(half().folder / "test_hidden_training_alerts.py").MADE


@pytest.fixture
def given(monkeypatch):
    """given.py as a module, beside the reference."""
    monkeypatch.syspath_prepend(str(half().reference_folder))
    for name in ("given", "training"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    import given

    yield given
    for name in ("given", "training"):
        sys.modules.pop(name, None)


# ---- Points, handout, house rules


def test_points_of_each_question() -> None:
    assert half().max_points == POINTS


def test_the_handout_has_every_question() -> None:
    assert handout_faults(half()) == []


@pytest.mark.parametrize("path", sorted(half().folder.glob("test_*training*.py")), ids=lambda path: path.stem)
def test_the_tests_keep_the_house_rules(path) -> None:
    assert lint_file(path) == []


def test_the_alerts_are_the_same_everywhere(given) -> None:
    planted = {"overfit", "plateau", "score_disagrees", *traces().EVENTS}
    assert planted == set(given.ALERTS)
    assert list(given.ALERTS) == sorted(given.ALERTS), "their order must give nothing away"
    for alert in given.ALERTS:
        assert f"| `{alert}` |" in (half().folder / "README.md").read_text(encoding="utf-8")


# ---- Planted traces: what is planted is what the rules find, however they are read


READINGS = {
    "as it stands": (),
    "windows of 49": (("[t - 50 : t]", "[t - 49 : t]"), ("loss[t - 199", "loss[t - 198")),
    "windows of 51": (("[t - 50 : t]", "[t - 50 : t + 1]"), ("loss[t - 199", "loss[t - 200")),
    "lower limits": (
        ("> 3 * median", "> 2.5 * median"),
        ("> 10 * median", "> 8 * median"),
        ("> 0.99 *", "> 0.985 *"),
        ("1e-3 * b", "1e-5 * b"),
        ("0.5 * usual", "0.6 * usual"),
        ('0.5 * trace["chance_loss"]', '0.55 * trace["chance_loss"]'),
        ("score[j] < 0.05", "score[j] < 0.09"),
        ("now < then", "now < 1.03 * then"),
    ),
    "higher limits": (
        ("> 3 * median", "> 4 * median"),
        ("> 10 * median", "> 20 * median"),
        ("> 0.99 *", "> 0.993 *"),
        ("1e-3 * b", "1e-2 * b"),
        ("0.5 * usual", "0.43 * usual"),
        ('0.5 * trace["chance_loss"]', '0.46 * trace["chance_loss"]'),
        ("score[j] < 0.05", "score[j] < 0.03"),
        ("now < then", "now < 0.97 * then"),
    ),
}


@pytest.mark.parametrize("reading", READINGS)
def test_what_is_planted_is_far_from_every_limit(reading: str, given) -> None:
    source = (half().reference_folder / "training.py").read_text(encoding="utf-8")
    for old, new in READINGS[reading]:
        assert old in source
        source = source.replace(old, new)
    namespace: dict[str, object] = {"__name__": "another_reading"}
    exec(compile(source, reading, "exec"), namespace)
    rng = np.random.default_rng(12)
    near = 2 if reading == "as it stands" else traces().NEAR - 1
    drawn = []
    for at in range(60):
        shape = traces().SHAPES[at % len(traces().SHAPES)]
        events = [event for event in traces().EVENTS if rng.random() < 0.3]
        drawn.append((f"{at}, {shape}, {events}", *traces().trace(rng, shape, events)))
    for make in made_by_hand() * 5:
        drawn += [(make.__name__, trace, right) for trace, right in make(rng)]
    for words, trace, right in drawn:
        found = namespace["alerts"](trace)
        assert set(found) == set(right), (words, found, right)
        assert all(abs(found[alert] - right[alert]) <= near for alert in right), (words, found, right)


def test_every_alert_and_a_quiet_trace_are_planted() -> None:
    rng = np.random.default_rng(3)
    planted = [set(traces().trace(rng, shape, ())[1]) for shape in traces().SHAPES]
    assert planted == [set(), {"plateau"}, {"overfit"}, {"score_disagrees"}, set()]


def test_traces_keep_what_the_docstring_promises() -> None:
    rng = np.random.default_rng(5)
    asked = itertools.product(traces().SHAPES, ((), traces().EVENTS))
    drawn = [traces().trace(rng, shape, events) for shape, events in asked]
    for trace, _ in drawn + [each for make in made_by_hand() for each in make(rng)]:
        assert len(trace["loss"]) >= 300
        assert np.isfinite(trace["loss"][:100]).all()
        assert np.isfinite(trace["grad_norm"][:100]).all()
        assert min(trace["planned_lr"]) > 0
        assert trace["eval_steps"] == sorted(trace["eval_steps"])
        assert trace["eval_steps"][0] >= 50
        assert np.isfinite(trace["val_loss"]).all()


# ---- Right, wrong and thoughtless answers


def test_the_reference_loses_nothing() -> None:
    assert half().lost(half().submission()) == {}


@pytest.mark.parametrize("name", QUICK_MISTAKES)
def test_a_known_mistake_loses_its_question(name: str) -> None:
    known = half().mistakes[name].questions
    assert set(half().lost(half().planted(name), *known)) == set(known)


@pytest.mark.parametrize("name", ["a_tie_is_the_best"])
def test_a_mistake_is_named(name: str) -> None:
    assert half().named(half().planted(name), *half().mistakes[name].questions) == {name}


@pytest.mark.parametrize("name", THOUGHTLESS)
def test_a_thoughtless_answer_earns_nothing(name: str) -> None:
    question, text = THOUGHTLESS[name]
    assert half().points(half().submission(training=text), question) == {question: 0.0}


def test_there_are_two_other_styles_for_each_question() -> None:
    for question in POINTS:
        assert sum(of == question for of, _ in REWRITES.values()) >= 2


def test_alerts_earn_their_share() -> None:
    """Who finds all but one kind of alert loses that kind's share."""
    text = """
_right = alerts


def alerts(trace):
    return {alert: step for alert, step in _right(trace).items() if alert != "nan"}
"""
    verdicts = half().verdicts(half().submission(training=text), ["p4.monitor"])
    shares = {each.plan.test.split("::")[1]: each.result.share for each in verdicts}
    assert 0.6 < shares["test_alerts_random"] < 0.95


# ---- The processes


def _tell(value: float) -> float:
    """The sum over ranks."""
    summed = torch.tensor(value)
    torch.distributed.all_reduce(summed)
    return summed.item()


def _tell_and_meet(value: float) -> float:
    summed = _tell(value)
    torch.distributed.barrier()
    return summed


def _fail_on(value: float) -> float:
    if value == 1:
        raise ValueError("one is too many")
    return _tell(value)


def _stub(value: float) -> float:
    raise NotImplementedError("p4.distributed")


def _wait_on(value: float) -> float:
    return value if value == 1 else _tell(value)


def _die_on(value: float) -> float:
    if value == 1:
        os._exit(3)
    return _tell(value)


def test_ranks_work_together_in_little_time(given) -> None:
    before = os.times()
    assert given.launch(_tell, [(1.0,), (2.0,), (4.0,)]) == [7.0, 7.0, 7.0]
    assert sum(os.times()[:4]) - sum(before[:4]) < 2.0


@pytest.mark.parametrize("task", [_tell, _tell_and_meet])
def test_ranks_that_come_to_their_end_print_nothing(task, given, capfd) -> None:
    for _ in range(3):
        given.launch(task, [(1.0,), (2.0,)])
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("task", "kind", "said"),
    [
        (_fail_on, RuntimeError, r"rank 1: ValueError \(test_p4_training.py, line \d+\): one is too many"),
        (_stub, NotImplementedError, "p4.distributed"),
        (_wait_on, TimeoutError, "does one wait for the others"),
        (_die_on, RuntimeError, "the process of rank 1 ended without a word"),
    ],
)
def test_a_rank_that_fails_takes_the_others_along(task, kind, said: str, given) -> None:
    started = time.monotonic()
    with pytest.raises(kind, match=said):
        given.launch(task, [(0.0,), (1.0,)], seconds=2.0)
    assert time.monotonic() - started < 10
    assert multiprocessing.active_children() == []
