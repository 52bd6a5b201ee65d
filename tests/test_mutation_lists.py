"""What is done with mutants: a sample of them, and the list of those that no test can tell apart."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from grader.config import ConfigError, Course
from grader.mutation import Mutant, entry, load_equivalents, mutants, sample, stale
from grader.mutation.__main__ import main
from grader.mutation.equivalents import FILE_NAME

COURSE = Course(Path(__file__).parents[1])
WHY = "Both branches give 0 at 0, so that no input tells them apart."


@pytest.fixture(scope="module")
def made() -> list[Mutant]:
    reference = COURSE.reference("p1")
    assert reference is not None
    return mutants(COURSE.assignment("p1"), reference)


@pytest.mark.parametrize("n", [1, 20, 100, 250])
def test_each_question_and_each_operator_in_it_has_its_share(made: list[Mutant], n: int) -> None:
    chosen = sample(made, n, seed=4)
    assert len(chosen) == len({mutant.id for mutant in chosen}) == n
    for key in (lambda m: m.question, lambda m: (m.question, m.operator)):
        there, taken = Counter(map(key, made)), Counter(map(key, chosen))
        for stratum, count in there.items():
            # A stretch of a list from which every few-th is taken: by its ends, less than one more or less.
            assert abs(taken[stratum] - count * n / len(made)) < 1, stratum


def test_a_sample_keeps_the_order_and_depends_on_the_seed_alone(made: list[Mutant]) -> None:
    chosen = sample(made, 60, seed=1)
    assert [mutant for mutant in made if mutant in chosen] == chosen
    assert sample(made[::-1], 60, seed=1) == chosen[::-1]
    assert sample(made, 60, seed=2) != chosen


def test_a_sample_is_the_same_on_every_machine(made: list[Mutant]) -> None:
    few = [
        replace(made[0], id=f"q1.{question}-{operator}-{number}", question=question, operator=operator)
        for question, operator, number in itertools.product("ab", ("sign", "term"), range(5))
    ]
    # Worked out once; the hash and the generator's numbers do not depend on Python's version.
    assert [mutant.id[3:] for mutant in sample(few, 4, seed=3)] == [
        "a-sign-2",
        "a-term-1",
        "b-sign-4",
        "b-term-3",
    ]


def test_a_sample_of_more_than_there_are_is_all(made: list[Mutant]) -> None:
    assert sample(made, len(made) + 1, seed=0) == made
    assert sample(made, 0, seed=0) == []
    with pytest.raises(ValueError, match="-1 mutants"):
        sample(made, -1, seed=0)


def test_entries_are_read_as_they_are_written(made: list[Mutant], tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    path.write_text(
        "# Why some mutants stay.\n\n"
        + entry(made[0], WHY)
        + "\n"
        + entry(made[5], 'Said with "quotes".' + WHY)
    )
    found = load_equivalents(tmp_path)
    assert list(found) == [made[0].id, made[5].id]
    assert (found[made[0].id].why, found[made[0].id].before) == (WHY, made[0].before)
    assert found[made[5].id].after == made[5].after
    assert stale(found, made) == []


def test_an_entry_without_its_mutant_is_stale(made: list[Mutant], tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text(entry(made[0], WHY) + "\n" + entry(made[1], WHY))
    found = load_equivalents(tmp_path)
    assert [equivalent.id for equivalent in stale(found, made[1:])] == [made[0].id]


def test_no_file_is_no_entry(tmp_path: Path) -> None:
    assert load_equivalents(tmp_path) == {}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("[[mutants]\n", r"not TOML", id="not TOML"),
        pytest.param(
            "[[mutant]]\nid = 'a'\n", r":1: mutant: unknown key; did you mean 'mutants'", id="unknown table"
        ),
        pytest.param(f"[[mutants]]\nwhy = '{WHY}'\n", r":1: mutants\[0\]: .*missing.*`id`", id="no id"),
        pytest.param("[[mutants]]\nid = 'a'\n", r":1: mutants\[0\]: .*missing.*`why`", id="no reason"),
        pytest.param(
            f"[[mutants]]\nid = ''\nwhy = '{WHY}'\n", r":2: mutants\[0\]\.id: .*length", id="empty id"
        ),
        pytest.param(
            f"[[mutants]]\nid = 3\nwhy = '{WHY}'\n", r":2: mutants\[0\]\.id: expected `str`", id="wrong type"
        ),
        pytest.param(
            f"[[mutants]]\nid = 'a'\nwhy = '{WHY}'\nbecause = 'so'\n",
            r":4: mutants\[0\]\.because: unknown key",
            id="unknown key",
        ),
        pytest.param(
            "[[mutants]]\nid = 'a'\nwhy = 'It is the same.'\n",
            r":3: mutants\[0\]\.why: a reason of 20 characters",
            id="a short reason",
        ),
        pytest.param(
            f"[[mutants]]\nid = 'a'\nwhy = '{'so' + 30 * ' '}'\n",
            r":3: mutants\[0\]\.why: a reason of 20 characters",
            id="a reason of blanks",
        ),
        pytest.param(
            f"[[mutants]]\nid = 'a'\nwhy = '{WHY}'\n[[mutants]]\nid = 'a'\nwhy = '{WHY}'\n",
            r":5: mutants\[1\]\.id: 'a' stands here twice",
            id="twice",
        ),
    ],
)
def test_a_wrong_entry_is_told_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / FILE_NAME).write_text(text)
    with pytest.raises(ConfigError, match=said):
        load_equivalents(tmp_path)


def test_no_entry_is_written_without_a_reason(made: list[Mutant]) -> None:
    with pytest.raises(ValueError, match="20 characters"):
        entry(made[0], "  the same  ")


def test_the_command_shows_what_is_changed(made: list[Mutant], monkeypatch: pytest.MonkeyPatch) -> None:
    import typer

    app = typer.Typer()
    app.command()(main)
    monkeypatch.chdir(COURSE.root)
    monkeypatch.setenv("COLUMNS", "200")
    result = CliRunner().invoke(app, ["p1", "--question", "p1.forward", "--operator", "sign"])
    assert result.exit_code == 0, result.output
    wanted = [mutant for mutant in made if mutant.question == "p1.forward" and mutant.operator == "sign"]
    assert wanted
    for mutant in wanted:
        assert mutant.id in result.output
    assert f"{len(wanted)} of {len(made)} mutants" in result.output
    assert CliRunner().invoke(app, ["p9"]).exit_code == 2
