"""regress.toml: written and read alike, and what is told of the differences from it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from regressed import TABLE, became, record, solution

from grader.calibration_runs import versions
from grader.faults import Outcome
from grader.regression.baseline import (
    FILE_NAME,
    MEASURED,
    NEW,
    Accepted,
    Baseline,
    Drift,
    Loss,
    baseline_of,
    drifts,
    read_baseline,
    render,
    write_baseline,
)
from grader.regression.records import Record
from grader.tomlfile import ConfigError

X, Y, Z = TABLE
NAMES = ["plain", "q1.with dots and blanks", 'quo"ted', "bäume"]
MESSAGES = [
    "mean of 1, 2 and 6: the answer differs",
    "it says \"no\", and 'yes'; a \\ and a \t tab",
    "two\nlines\r\nand three",
    "control \x00 \x1b[31m \x7f and a line \u2028 separator",
    "'''\"\"\"",
    "",
]


def loss(points: float = 10.0, message: str = "the answer differs", named: str = "") -> Loss:
    return Loss(points=points, message=message, named=named)


def baseline(losses: dict[str, dict[str, Loss]] | None = None, **more: Any) -> Baseline:
    said = {"seed": 7, "date": "2026-01-02", "versions": versions(), "losses": losses or {}}
    return Baseline(**said | more)


FULL = baseline(
    {
        name: {f"q1.{number}": loss(0.1 * number, message, name) for number, message in enumerate(MESSAGES)}
        for name in NAMES
    }
    | {"reference": {}},
    accepted=[
        Accepted(finding="few: q1.a", why="Nobody thinks of more than one wrong way."),
        Accepted(finding='margin of wrong: q1.b "x"', why="The handout rounds: it is that near by nature."),
    ],
    cpu_seconds={"q1.a": 0.25, "q1.b": 12.0},
)


@pytest.mark.parametrize("each", [FULL, baseline(), Baseline()], ids=["full", "no losses", "nothing"])
def test_what_is_written_is_read(tmp_path: Path, each: Baseline) -> None:
    write_baseline(tmp_path, each)
    assert read_baseline(tmp_path) == each
    assert (tmp_path / FILE_NAME).read_bytes() == render(read_baseline(tmp_path)).encode()


def test_it_says_what_is_written_by_hand(tmp_path: Path) -> None:
    write_baseline(tmp_path, FULL)
    assert (tmp_path / FILE_NAME).read_text().splitlines()[0].startswith("# ")
    assert "`accepted`, which is written by hand" in (tmp_path / FILE_NAME).read_text()


def test_without_a_file_nothing_is_known(tmp_path: Path) -> None:
    assert read_baseline(tmp_path) == Baseline()


ACCEPTED = '[[accepted]]\nfinding = "few: q1.a"\nwhy = "{}"\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (ACCEPTED.format("x" * 19), "20"),
        ('seed = 7\n[[accepted]]\nfinding = "few: q1.a"\n', "why"),
        ("sed = 7\n", "did you mean 'seed'"),
        (
            'seed = 7\n\n[losses."mistake one"]\n"q1.a" = {points = "all", message = ""}\n',
            ":3: losses: expected",
        ),
        ('[losses."mistake one"]\n"q1.a" = {points = 1.0, told = ""}\n', ":1: losses: .* `told`"),
        ("seed = \n", "not TOML"),
        (b"seed = 7 # \xff\n", "not UTF-8"),
    ],
)
def test_a_file_that_is_not_what_it_should_be_is_refused(
    tmp_path: Path, text: str | bytes, said: str
) -> None:
    (tmp_path / FILE_NAME).write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ConfigError, match=said) as refused:
        read_baseline(tmp_path)
    assert FILE_NAME in str(refused.value)


def test_a_reason_of_twenty_characters_is_one(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text(ACCEPTED.format("x" * 20))
    assert read_baseline(tmp_path).accepted[0].why == "x" * 20


# -- made of records

REFERENCE, ONE, TWO = solution("reference"), solution("mistake", "one", "q1.a"), solution("mistake", "two")
STARTER = solution("starter")
KNOWN = [REFERENCE, STARTER, ONE, TWO]


def made(before: Baseline, *records: Record, known: Any = KNOWN) -> Baseline:
    return baseline_of(before, known, {each.solution: each for each in records}, 7)


def test_a_loss_is_its_points_its_first_message_and_the_name() -> None:
    kept = record(
        ONE,
        became(X, 4.0, message="first"),
        became(Y, 9.9, message="second", mistake="one"),
        became(Z),
        date="2026-03-04",
    )
    found = made(Baseline(), record(REFERENCE, date="2026-03-03"), kept)
    assert found.losses == {"mistake one": {"q1.a": loss(6.1, "first", "one")}, "reference": {}}
    assert (found.seed, found.date, found.versions) == (7, "2026-03-04", versions())


def test_the_starter_loses_everything_and_is_not_listed() -> None:
    lost = record(STARTER, *(became(plan, 0.0, outcome=Outcome.NOT_STARTED) for plan in TABLE))
    assert made(Baseline(), record(REFERENCE), lost).losses == {"reference": {}}


def test_what_was_not_graded_stays_and_what_is_gone_goes() -> None:
    before = baseline(
        {"mistake two": {"q1.b": loss()}, "mistake gone": {"q1.a": loss()}},
        accepted=FULL.accepted,
        cpu_seconds={"q1.a": 3.0},
    )
    found = made(before, record(ONE, became(X, 0.0)))
    assert set(found.losses) == {"mistake one", "mistake two"}
    assert found.losses["mistake two"] == before.losses["mistake two"]
    assert found.accepted == before.accepted
    assert found.cpu_seconds == before.cpu_seconds


def test_the_cost_is_the_references() -> None:
    reference = record(
        REFERENCE,
        became(X, cpu_seconds=1.25),
        became(Y, cpu_seconds=0.5),
        became(Z, cpu_seconds=3.0),
    )
    other = record(ONE, became(X, 0.0, cpu_seconds=100.0))
    assert made(Baseline(), reference, other).cpu_seconds == {"q1.a": 1.75, "q1.b": 3.0}


# -- differences

BEFORE = baseline({"reference": {}, "mistake one": {"q1.a": loss(10.0, "differs", "one")}})


@pytest.mark.parametrize(
    ("now", "told"),
    [
        ({"q1.a": loss(10.0, "differs", "one")}, []),
        ({"q1.a": loss(5.0, "differs", "one")}, [("q1.a", "-10: differs [one]", "-5: differs [one]")]),
        ({"q1.a": loss(10.0, "is NaN", "one")}, [("q1.a", "-10: differs [one]", "-10: is NaN [one]")]),
        ({"q1.a": loss(10.0, "differs")}, [("q1.a", "-10: differs [one]", "-10: differs")]),
        ({"q1.a": loss(10.0, "differs", "two")}, [("q1.a", "-10: differs [one]", "-10: differs [two]")]),
        ({}, [("q1.a", "-10: differs [one]", "loses nothing")]),
        (
            {"q1.a": loss(10.0, "differs", "one"), "q1.b": loss(0.5, "raises")},
            [("q1.b", "loses nothing", "-0.5: raises")],
        ),
    ],
)
def test_points_message_and_name_are_compared(now: dict[str, Loss], told: list[tuple[str, str, str]]) -> None:
    after = baseline({"reference": {}, "mistake one": now})
    graded = {"mistake one": record(ONE)}
    assert drifts(BEFORE, after, graded) == [Drift("mistake one", *each) for each in told]
    # Where it was not graded, it is as it was.
    assert drifts(BEFORE, after, {"reference": record(REFERENCE)}) == []


def test_a_new_solution_and_one_that_is_gone_are_told() -> None:
    after = baseline({"reference": {}, "mistake two": {"q1.b": loss()}})
    graded = {"mistake two": record(TWO)}
    assert drifts(BEFORE, after, graded) == [
        Drift("mistake one", "", "graded", "gone"),
        Drift("mistake two", "", "not there", NEW),
    ]


def cost(**seconds: float) -> Baseline:
    return baseline(cpu_seconds={f"q1.{name}": value for name, value in seconds.items()})


CALM = {"a": 4.0, "b": 5.0, "c": 6.0, "d": 0.1, "e": 2.0}


@pytest.mark.parametrize("machine", [0.3, 1.0, 4.0])
@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({}, []),
        ({"b": 9.9}, []),  # less than twice
        ({"b": 10.1}, ["q1.b"]),
        ({"d": 0.3}, []),  # less than a second more, on any of these machines
        ({"a": 1.0}, []),  # cheaper is nobody's trouble
        ({"f": 50.0}, []),  # there was none
    ],
)
def test_a_question_that_costs_more_beside_the_others_is_told(
    machine: float, changed: dict[str, float], told: list[str]
) -> None:
    now = cost(**{name: value * machine for name, value in (CALM | changed).items()})
    found = drifts(cost(**CALM), now, {"reference": record(REFERENCE)})
    assert [drift.question for drift in found] == told
    for drift in found:
        assert (drift.solution, drift.before) == (
            "reference",
            f"{5.0 * machine:.1f} s of computing (on this machine)",
        )
        assert drift.now == f"{10.1 * machine:.1f} s"
    assert drifts(cost(**CALM), now, {}) == []


def test_a_second_more_is_told_and_less_is_not() -> None:
    graded = {"reference": record(REFERENCE)}
    assert drifts(cost(**CALM), cost(**CALM | {"d": 1.05}), graded) == []
    assert [drift.question for drift in drifts(cost(**CALM), cost(**CALM | {"d": 1.15}), graded)] == ["q1.d"]


def test_without_a_cost_before_none_is_compared() -> None:
    assert drifts(Baseline(), cost(**CALM), {"reference": record(REFERENCE)}) == []


def test_measured_figures_in_a_message_are_no_drift() -> None:
    """The last digits of a training differ from one kind of processor to another; counts do not."""
    assert MEASURED.sub("#", "yours 0.921, pass 0.94") == "yours #, pass #"
    assert MEASURED.sub("#", "loss 1.5e-07 in 12 steps") == "loss # in 12 steps"
    assert MEASURED.sub("#", "3 of 20 cases differ") == "3 of 20 cases differ"
