"""What an instructor reads of a regression: tables that fit a log, findings with advice, a diff."""

from __future__ import annotations

import io

import pytest
from regressed import record
from rich.console import Console, RenderableType

from grader.commands.progress import LOG_SECONDS, Progressing
from grader.regression.baseline import NEW, Drift
from grader.regression.records import CLEAR
from grader.regression.report import LEGEND, SHOWN, drifts_of, findings_of, named_line, table_of
from grader.regression.summary import Finding, QuestionSummary, Summary
from grader.results.terminal import WIDTH


def printed(part: RenderableType, width: int = 100, *, colours: bool = False) -> str:
    system = "standard" if colours else None
    out = Console(file=io.StringIO(), width=width, force_terminal=colours, color_system=system)
    out.print(part)
    assert isinstance(out.file, io.StringIO)
    return out.file.getvalue()


def question(name: str = "p4.initialization", **more: object) -> QuestionSummary:
    return QuestionSummary(name, 12.5, 11, **more)  # type: ignore[arg-type]


def row(**more: object) -> list[str]:
    """The cells of a question's row, of which blanks are the borders."""
    text = printed(table_of(Summary("p4", [question(**more)], [], 3)))
    line = next(line for line in text.splitlines() if "p4.initialization" in line)
    return line.replace(" of ", "/").split()


def test_a_table_fits_a_log_and_a_narrow_terminal() -> None:
    full = question(cpu_seconds=1234.5, right=6, rights=6, wrong=["x"] * 120, declared=120, named=119)
    full.largest_right, full.smallest_wrong = 0.0123, (1.5e7, "x")
    for width in (100, WIDTH):
        text = printed(table_of(Summary("p4", [full], [], 398)), width)
        assert "…" not in text
        assert max(map(len, text.splitlines())) <= width
        for cell in ("p4.initialization", "12.5", "1234.5", "6 of 6", "120", "119 of 120", "0.012", "2e+07"):
            assert cell in text
    assert max(map(len, LEGEND.splitlines())) <= 100


@pytest.mark.parametrize(
    ("right", "wrong", "cells"),
    [
        (None, None, ["-", "-"]),
        (0.0, CLEAR, ["0", "other"]),
        (0.0532, 15.3, ["0.053", "15"]),
        (1e-5, 999.4, ["1e-05", "999"]),
        (2.34, 1000.0, ["2.3", "1e+03"]),
    ],
)
def test_margins_are_numbers_that_can_be_read(
    right: float | None, wrong: float | None, cells: list[str]
) -> None:
    smallest = None if wrong is None else (wrong, "x")
    assert row(largest_right=right, smallest_wrong=smallest)[-2:] == cells


def test_what_is_not_as_it_must_be_is_coloured() -> None:
    fine = question(right=2, rights=2, wrong=["x"] * 3, largest_right=0.1, smallest_wrong=(10.0, "x"))
    poor = question(right=1, rights=2, wrong=["x"] * 2, largest_right=0.11, smallest_wrong=(9.9, "x"))
    texts = [printed(table_of(Summary("p4", [each], [], 3)), colours=True) for each in (fine, poor)]
    assert "\x1b[33m" not in texts[0]
    assert "\x1b[31m" not in texts[0]
    assert texts[1].count("\x1b[33m") == 3
    assert texts[1].count("\x1b[31m") == 1


def test_the_unnamed_are_told_by_name() -> None:
    some = Summary("p1", [], [], 3, mistakes=3, named=1, misnamed=1, unnamed=["b", "a"])
    assert named_line(some) == "1 of 3 known mistakes named (33.3%), 1 misnamed; not named: a, b"
    assert named_line(Summary("p1", [], [], 1)) == "no known mistakes graded"


def test_findings_with_one_advice_stand_together() -> None:
    found = [
        Finding("a", "first", "mend it"),
        Finding("b", "second\nline", "leave it"),
        Finding("c", "third", "mend it"),
    ]
    lines = printed(findings_of(found)).splitlines()
    assert lines == ["  first", "  third", "  -> mend it", "  second line", "  -> leave it"]
    many = [Finding(str(number), f"number {number}", "mend it") for number in range(SHOWN + 2)]
    assert "and 2 more of this kind" in printed(findings_of(many))


def test_differences_are_a_diff() -> None:
    drifts = [
        Drift("mistake one", "p1.a", "-1: was", "-2: is"),
        Drift("mistake gone", "", "graded", "gone"),
        Drift("mistake first", "", "not there", NEW),
    ]
    assert printed(drifts_of(drifts)).splitlines() == [
        "1 solution that had not been graded: mistake first",
        "mistake one, p1.a",
        "  - -1: was",
        "  + -2: is",
        "mistake gone",
        "  - graded",
        "  + gone",
    ]
    many = [Drift(f"mistake {number}", "p1.a", "was", "is") for number in range(SHOWN + 3)]
    assert "and 3 more" in printed(drifts_of(many))


def test_a_log_gets_a_line_now_and_then_and_the_last(capsys: pytest.CaptureFixture[str]) -> None:
    now = 0.0
    kept = record("mistake one")
    with Progressing(clock=lambda: now) as progress:
        progress.expect(100)
        for number in range(3):
            progress.done(kept, number < 2)
        now = LOG_SECONDS - 1
        progress.done(kept, False)
        now = 2 * LOG_SECONDS
        progress.done(kept, False)
        progress.done(kept, False)
        progress.expect(7)  # fewer than was thought at first
        progress.done(kept, False)
    assert capsys.readouterr().err.splitlines() == [
        "5 of 100 graded (2 before), about 32 min left, last q1 mistake one",  # 1 min for 3, 95 are left
        "7 of 7 graded (2 before), last q1 mistake one",
    ]


def test_a_log_says_how_long_before_anything_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    now = 0.0
    progress = Progressing(clock=lambda: now)
    progress.expect(4)
    progress.reached(0)
    now = 2 * LOG_SECONDS
    progress.reached(0)
    progress.reached(1)
    now = 4 * LOG_SECONDS
    progress.reached(1)
    assert capsys.readouterr().err.splitlines() == ["0 of 4 graded", "1 of 4 graded, about 6 min left"]
