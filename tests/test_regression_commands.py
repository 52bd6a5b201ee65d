"""The commands that prove the tests: what they say, their status, and going on after a kill."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import support
from click.testing import Result
from processes import SECONDS
from typer.testing import CliRunner

from grader.cli import app
from grader.config import Course
from grader.faults import GraderFault
from grader.pool import Pool
from grader.regression.baseline import FILE_NAME, read_baseline
from grader.regression.carrying import run
from grader.regression.chosen import Chosen
from grader.regression.records import RUNS, SEED, Record, RecordStore
from grader.regression.sampling import sampled

pytestmark = pytest.mark.timeout(300)

ROOT = Path(__file__).parents[1]
WRONG = {
    "divides_by_four": ("q1.half", "half(number: float) -> float", "number / 4"),
    "takes_one_off": ("q1.half", "half(number: float) -> float", "number - 1.0"),
    "turns_the_sign": ("q1.half", "half(number: float) -> float", "-number / 2"),
    "takes_the_first": ("q1.mean", "mean(numbers: list[float]) -> float", "numbers[0]"),
    "takes_the_largest": ("q1.mean", "mean(numbers: list[float]) -> float", "max(numbers)"),
}
SOLUTIONS = 9  # with the reference, the starter, an alternative and the course's own mistake
STYLE = """def half(number: float) -> float:
    return number * 0.5


def mean(numbers: list[float]) -> float:
    total = 0.0
    for number in numbers:
        total += number
    return total / len(numbers)
"""
SLEEPS = "import time\n\n\n" + STYLE.replace("    return number * 0.5", "    time.sleep(1000)")
Run = Callable[..., Result]


def laid_out(folder: Path) -> Course:
    """A course with enough mistakes and nothing harmless among them."""
    ignored = shutil.ignore_patterns("__pycache__", "harmless.py")
    shutil.copytree(ROOT / "tests/small_course", folder, ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", folder)
    for name, (question, head, value) in WRONG.items():
        text = f'"""It {name}. Look at it again."""\n\nQUESTIONS = ("{question}",)\nMODULE = "halves"\n'
        path = folder / "reference/q1/mistakes" / f"{name}.py"
        path.write_text(f"{text}\n\ndef {head}:\n    return {value}\n")
    alternative(folder, "a_style", STYLE)
    return Course(folder)


def alternative(course: Path, name: str, text: str) -> Path:
    folder = course / "reference/q1/alternatives" / name
    folder.mkdir(parents=True)
    (folder / "halves.py").write_text(text)
    return folder


@dataclass(frozen=True)
class Proved:
    """A course on which everything was graded and accepted, in two runs of which the first was killed.

    :param killed: the solutions on record after the first.
    :param left: the processes and files that it left.
    :param said: by the second.
    """

    course: Course
    killed: list[str]
    left: list[str]
    said: Result


@pytest.fixture(scope="module")
def proved(tmp_path_factory: pytest.TempPathFactory) -> Proved:
    """Killed while a solution is graded that never comes back, as if in the middle of writing a line."""
    course, own = laid_out(tmp_path_factory.mktemp("proved") / "course"), tmp_path_factory.mktemp("own")
    sleeping = alternative(course.root, "b_sleeps", SLEEPS)
    command = [sys.executable, "-m", "grader.cli", "regress", "-n", "1"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "start_new_session": True}
    run = subprocess.Popen(command, cwd=course.root, env=support.environment(own), **quiet)
    try:
        happens(lambda: len(records_in(course.root)) == 3)
    finally:
        run.send_signal(signal.SIGKILL)
        run.wait(SECONDS)
    happens(lambda: not support.left_behind(own) and not support.litter(own))
    killed = records_in(course.root)
    left = support.left_behind(own) + support.litter(own)
    with (course.root / RUNS / "q1/graded.jsonl").open("a") as file:
        file.write('{"assignment":"q1","solution":"mistake takes')
    shutil.rmtree(sleeping)
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(course.root)
        said = CliRunner().invoke(app, ["regress", "-n", "1", "--accept"])
    return Proved(course, killed, left, said)


def records_in(course: Path) -> list[str]:
    """The solutions on record, in the order in which they were graded."""
    path = course / RUNS / "q1/graded.jsonl"
    lines = path.read_text().splitlines(keepends=True) if path.is_file() else []
    return [json.loads(line)["solution"] for line in lines if line.endswith("\n")]


def happens(condition: Callable[[], bool]) -> bool:
    """Whether something comes true within some time."""
    stop = time.monotonic() + SECONDS
    while not condition():
        if time.monotonic() > stop:
            return False
        time.sleep(0.02)
    return True


@pytest.fixture
def here(proved: Proved, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command in a copy of that course: records go on in it."""
    shutil.copytree(proved.course.root, tmp_path / "course")
    monkeypatch.chdir(tmp_path / "course")

    def invoke(*words: str) -> Result:
        return CliRunner().invoke(app, [*words, "-n", "1"])

    return invoke


def before(said: Result) -> tuple[str, str]:
    """How many gradings there were, and how many had been made before."""
    count, kept = re.findall(r"^(\d+ of \d+) graded(?: \((\d+) before\))?", said.output, re.MULTILINE)[-1]
    return count, kept or "0"


# -- grader regress


def test_a_run_that_was_killed_leaves_nothing_and_goes_on(proved: Proved) -> None:
    three = ["reference", "starter", "alternative a_style"]
    assert proved.killed == three
    assert proved.left == []
    assert before(proved.said) == (f"{SOLUTIONS} of {SOLUTIONS}", "3")
    every = records_in(proved.course.root)
    assert every[:3] == three
    assert len(every) == len(set(every)) == SOLUTIONS


def test_where_all_is_as_it_must_be_the_status_is_0(proved: Proved) -> None:
    course, said = proved.course, proved.said
    assert said.exit_code == 0, said.output
    assert f"q1: {SOLUTIONS} solutions graded" in said.output
    assert re.search(r"q1\.half +50 +3 +[\d.]+ +2 of 2 +3 +3 of 3 ", said.output)
    assert re.search(r"q1\.mean +50 +2 +[\d.]+ +2 of 2 +3 +3 of 3 ", said.output)
    assert "6 of 6 known mistakes named (100.0%), 0 misnamed" in said.output
    assert "finding" not in said.output
    assert max(map(len, said.output.splitlines())) <= 110
    assert set(read_baseline(course.root / "reference/q1").losses) == {
        "reference",
        "alternative a_style",
        "mistake divides_by_n_minus_one",
        *(f"mistake {name}" for name in WRONG),
    }


def test_a_second_run_grades_nothing_and_finds_all_as_it_was(here: Run) -> None:
    said = here("regress")
    assert said.exit_code == 0, said.output
    assert before(said) == (f"{SOLUTIONS} of {SOLUTIONS}", str(SOLUTIONS))
    assert "q1: as it must be, and as it was" in said.output


def test_a_message_that_changed_is_shown_as_a_diff(here: Run) -> None:
    path = Path("assignments/q1/test_public.py")
    path.write_text(path.read_text().replace('"mean of 1, 2 and 6"', '"the mean of three"'))
    said = here("regress", "--only", "takes_the_first")
    assert said.exit_code == 1
    assert before(said) == ("2 of 2", "0")  # other code: graded again
    assert "q1: 1 difference from last time" in said.output
    assert (
        "mistake takes_the_first, q1.mean\n"
        "  - -50: mean of 1, 2 and 6: the answer differs [takes_the_first]\n"
        "  + -50: the mean of three: the answer differs [takes_the_first]\n"
    ) in said.output
    assert "grader regress q1 --accept" in said.output
    assert "error: q1: 1 difference from last time" in said.output


def test_a_finding_is_told_with_advice_until_it_is_accepted_with_a_reason(here: Run) -> None:
    """The baseline is what is changed here, so that nothing is graded again."""
    path = Path("reference/q1/regress.toml")
    text = path.read_text()
    assert text.count("takes_the_first") > 1
    path.write_text(text.replace('named = "takes_the_first"', 'named = "another"'))
    said = here("regress")
    assert said.exit_code == 1
    assert "  - -50: mean of 1, 2 and 6: the answer differs [another]" in said.output
    assert "finding" not in said.output.partition("error:")[2]
    accepted = (
        '[[accepted]]\nfinding = "few: q1.half"\nwhy = "There is no other way to go wrong."\n\n[cpu_seconds]'
    )
    path.write_text(text.replace("[cpu_seconds]", accepted))
    gone = here("regress")
    assert gone.exit_code == 0
    assert "no longer found, to be taken out: few: q1.half" in gone.output


def test_other_seeds_are_not_compared_with_last_time(here: Run) -> None:
    path = Path("reference/q1/regress.toml")
    path.write_text(path.read_text().replace(f"seed = {SEED}", "seed = 5").replace("answer differs", "x"))
    said = here("regress", "--only", "takes_the_first")
    assert said.exit_code == 0, said.output
    assert "not compared with last time, which had the seed 5" in said.output
    assert "as it was" not in said.output
    partly = here("regress", "--only", "takes_the_first", "--accept")
    assert partly.exit_code == 2
    assert "the seed 5, and only a part of it would be replaced" in partly.output


def test_a_sample_and_a_choice_are_graded_alone(here: Run) -> None:
    assert before(here("regress", "--only", "a_style")) == ("2 of 2", "2")
    # One question each; without training runs there is nothing that a sample leaves out.
    said = here("regress", "--only", "a_style", "--only", "takes_the_first")
    assert (said.exit_code, before(said)) == (0, ("3 of 3", "3"))


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["regress", "--only", "nobody"], "no solution 'nobody' in q1"),
        (["mutants", "--question", "q1.none"], "no question 'q1.none' in q1"),
        (["mutants", "--only", "q1.half-sign-0"], "no mutant 'q1.half-sign-0'"),
        (["mutants", "--json", "nowhere/m.json"], "no such folder"),
        (["false-alarms", "--seeds", "0", "--trainings", "0"], "no grading is asked for"),
    ],
)
def test_what_is_asked_for_in_vain_is_refused_before_anything_is_graded(
    here: Run, words: list[str], told: str
) -> None:
    shutil.rmtree(RUNS)
    said = here(*words)
    assert said.exit_code == 2
    assert told in said.output
    assert not list(Path(RUNS).glob("*/*.jsonl"))


@pytest.mark.parametrize("command", ["regress", "mutants", "false-alarms"])
def test_an_assignment_that_is_not_there_is_refused(here: Run, command: str) -> None:
    assert isinstance(here(command, "q9").exception, GraderFault)


def test_a_broken_baseline_is_told_before_anything_is_graded(here: Run) -> None:
    shutil.rmtree(RUNS)
    Path(f"reference/q1/{FILE_NAME}").write_text('[[accepted]]\nfinding = "few: q1.half"\nwhy = "so"\n')
    said = here("regress")
    assert isinstance(said.exception, GraderFault)
    assert "accepted" in str(said.exception)
    assert not Path(RUNS).exists()


# -- grader mutants, grader false-alarms


def test_mutants_of_the_reference_are_killed_or_argued_for(here: Run) -> None:
    said = here("mutants", "--json", "m.json")
    assert said.exit_code == 0, said.output
    rows = json.loads(Path("m.json").read_text())
    assert before(said)[0] == f"{len(rows) + 1} of {len(rows) + 1}"
    assert before(said)[1] == "1"  # the reference
    assert re.search(rf"all +{len(rows)} +{len(rows)} +0 +0 +100\.0%", said.output)
    assert max(map(len, said.output.splitlines())) <= 110
    assert {row["verdict"] for row in rows} == {"killed"}
    assert {row["question"] for row in rows} == {"q1.half", "q1.mean"}
    # A reason that a test refutes is told; nothing of this is graded again.
    entry = f'[[mutants]]\nid = "{rows[0]["id"]}"\nwhy = "Nobody can tell it apart by any input."\n'
    Path("reference/q1/equivalent.toml").write_text(entry)
    again = here("mutants", "--question", rows[0]["question"])
    assert again.exit_code == 0
    assert "1 killed, though equivalent.toml says that no test can see them" in again.output
    assert len(set(before(again)[0].split(" of "))) == 1
    assert before(again)[0].split()[0] == before(again)[1]
    Path("reference/q1/equivalent.toml").write_text(entry.replace(rows[0]["id"], "q1.half-sign-0"))
    stale = here("mutants")
    assert stale.exit_code == 2
    assert "equivalent.toml names mutants that are no more: q1.half-sign-0" in stale.output


@pytest.mark.slow
def test_a_right_solution_that_fails_is_told_with_its_seed(here: Run) -> None:
    """Of two alternatives taken in turn the second is wrong."""
    alternative(Path(), "z_wrong", STYLE.replace("0.5", "0.51"))
    words = ["false-alarms", "--alternatives", "--trainings", "0"]
    said = here(*words, "--seeds", "2")
    assert said.exit_code == 1, said.output
    assert before(said) == ("3 of 3", "1")
    assert "right solutions have lost points" in said.output
    failures = re.findall(r"^  alternative (\w+), --grading-seed=(\d+): (\S+): ", said.output, re.MULTILINE)
    assert {(name, test.partition("::")[0]) for name, _, test in failures} == {
        ("z_wrong", "test_public.py"),
        ("z_wrong", "test_hidden.py"),
    }
    first = here(*words, "--seeds", "1")
    assert (first.exit_code, before(first)) == (0, ("2 of 2", "2"))
    assert "q1: no right solution has lost a point" in first.output
    assert re.search(r"q1\.half +3 +1 +- +- +0 +100\.0% +-", first.output)


def test_without_alternatives_none_can_be_taken(here: Run) -> None:
    shutil.rmtree("reference/q1/alternatives")
    said = here("false-alarms", "--alternatives", "--seeds", "1")
    assert said.exit_code == 2
    assert "q1 has no alternatives" in said.output


# -- the course itself


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_what_the_chosen_tests_show_is_what_all_tests_show(tmp_path: Path) -> None:
    """Five mistakes of p2, graded with the tests that they can touch and with all."""
    course = Course(ROOT)
    each = Chosen.of(course, "p2")
    kinds = sampled(each.known, 5, SEED)
    each.solutions = [known for known in kinds if known.kind in ("reference", "mistake")]
    stores = {"p2": RecordStore(tmp_path)}
    found: list[dict[str, Record]] = []
    with Pool(course, 1) as pool:

        def graded(jobs: object) -> dict[str, Record]:
            return {one.solution: one for one in run(pool, stores, jobs, lambda *_: None)}  # type: ignore[arg-type]

        each.records |= graded([each.reference_job(course, SEED, "strongest")])
        for whole in (False, True):
            found.append(graded(each.jobs(course, SEED, "strongest", whole=whole)))
    few, every = found
    assert set(few) == set(every)
    assert len(few) == 5
    for name in few:
        assert few[name].lost == every[name].lost
        assert few[name].named == every[name].named
        assert len(few[name].tests) <= len(every[name].tests)
    assert any(len(few[name].tests) < len(every[name].tests) for name in few)
