"""``grader batch``, ``grader override`` and ``grader diff`` of a gradebook, as an instructor types them."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import filelock
import gradebooks
import psutil
import pytest
import support
from processes import SECONDS, gone

from grader.commands import batching
from grader.gradebook import history, overriding, similarity
from grader.gradebook.model import Entry, Student
from grader.gradebook.overriding import OverrideError
from grader.gradebook.standings import standings
from grader.gradebook.store import Gradebook, GradebookError

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(autouse=True)
def wide(monkeypatch):
    """No row of a table is broken."""
    monkeypatch.setenv("COLUMNS", "120")


@pytest.fixture
def handed_in(small_course, tmp_path) -> Path:
    folder = tmp_path / "in"
    for name in ("annabel", "benedict"):
        shutil.copytree(small_course.root / "reference/q1", folder / name)
    return folder


def cells(out: str) -> list[list[str]]:
    """The rows of a table."""
    return [
        re.split(r"\s{2,}", line.strip())
        for line in out.splitlines()
        if re.match(r"\s*s-[0-9a-f]{8}\s", line)
    ]


def test_a_class_from_the_first_grading_to_the_last_point(grader, handed_in, tmp_path) -> None:
    """Graded, graded again after one was handed in anew, compared, changed by hand, and regraded."""
    book = tmp_path / "book"
    (handed_in / "benedict/halves.py").write_text("def half(x):\n    return x\n")
    status, out, err = grader("batch", handed_in, "--out", book, "-n", 2)
    assert status == 0, err
    assert "2 submissions (a plain folder), run 1 of" in out
    with Gradebook(book) as made:
        ann, ben = (made.pseudonym(name) for name in ("annabel", "benedict"))
        (low,) = [each.score for each in standings(made, made.runs()[0]) if each.submission.key == "benedict"]
    assert dict(cells(out)) == {ann: "100 / 100", ben: f"{low:g} / 100"}
    assert "2 of 2 graded" in err

    shutil.copy("reference/q1/halves.py", handed_in / "benedict/halves.py")
    status, out, _ = grader("batch", handed_in, "q1", "--out", book, "--names")
    assert status == 0
    assert "1 grading from before: nothing has changed for them" in out
    assert sorted(cells(out)) == sorted([[ann, "annabel", "100 / 100"], [ben, "benedict", "100 / 100"]])

    status, out, _ = grader("diff", book)
    assert status == 1
    assert "1 of 2 submissions changes: 1 up, 0 down" in out
    assert f"{ben}   {low:g} -> 100" in out
    assert "other files were handed in" in out
    assert "benedict" not in out
    status, out, _ = grader("diff", book, "--runs", 1, 2, "--names", "--json", tmp_path / "d.json")
    assert f"{ben} benedict" in out
    assert "benedict" in (tmp_path / "d.json").read_text()

    status, out, _ = grader("override", "annabel", "q1.half", 7.5, "--reason", "not her own", "--in", book)
    assert (status, out) == (0, f"{ann}, q1.half: 50 -> 7.5 points\nq1: 57.5 of 100\n")
    status, out, _ = grader("batch", handed_in, "--out", book, "--regrade")
    assert status == 0
    assert dict(cells(out)) == {ann: "57.5 / 100 *", ben: "100 / 100"}
    assert "* points given by a person among them" in out
    status, out, _ = grader("diff", book)
    assert status == 0
    assert "1 question has points that were given by a person" in out
    assert "2 submissions, and none changes" in out

    status, out, _ = grader("override", ann, "q1.half", "--withdraw", "--reason", "it was", "--in", book)
    assert (status, out) == (0, f"{ann}, q1.half: 50 again points\nq1: 100 of 100\n")


def test_near_identical_submissions_are_listed(grader, handed_in, tmp_path) -> None:
    """And counted in the log, without a name; the list is kept for the report, unless nobody wants one."""
    lines = "".join(f"    b{number} = x + {number} * abs(x - {number})\n" for number in range(40))
    for name in ("annabel", "benedict"):
        path = handed_in / name / "halves.py"
        path.write_text(f"{path.read_text()}\n\ndef longer(x):\n{lines}    return b1\n")
    status, out, err = grader("batch", handed_in, "--out", tmp_path / "without", "--no-similar")
    assert (status, similarity.load(tmp_path / "without")) == (0, None), err
    status, out, err = grader("batch", handed_in, "--out", tmp_path / "book")
    assert status == 0, err
    assert "1 pair nearly identical: the report lists them" in out
    assert "annabel" not in out + err
    (pair,) = similarity.load(tmp_path / "book")
    assert {pair.first, pair.second} == {"annabel", "benedict"}


def test_no_name_gets_into_a_log(grader, handed_in, tmp_path) -> None:
    """Whatever is wrong with a submission."""
    for path in handed_in.iterdir():
        shutil.rmtree(path)
    (handed_in / "annabel").mkdir()
    (handed_in / "benedict.zip").write_bytes(b"PK\x03\x04 and no more")
    (handed_in / "cornelius.rar").write_bytes(b"Rar!")
    (handed_in / "dorothea").mkdir()
    (handed_in / "dorothea/halves.py").symlink_to("/etc/passwd")
    (handed_in / "emmeline.txt").write_text("no submission")
    status, out, err = grader("batch", handed_in, "--out", tmp_path / "book")
    assert status == 3
    for name in ("annabel", "benedict", "cornelius", "dorothea", "emmeline"):
        assert name not in out + err
    assert "1 entry skipped: the report says which, and why" in out
    assert "grades must not be used" in err


def test_a_run_that_is_told_to_end_goes_on(small_course, handed_in, tmp_path) -> None:
    """And leaves nothing running."""
    source = (small_course.root / "reference/q1/halves.py").read_text()
    (handed_in / "benedict/halves.py").write_text(f"import time\ntime.sleep(6)\n{source}")
    book = tmp_path / "book"
    command = [sys.executable, "-m", "grader.cli", "batch", str(handed_in), "--out", str(book)]
    running = subprocess.Popen(
        command,
        cwd=small_course.root,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(support.TESTS.parent)},
    )
    processes: list[int] = []
    with Gradebook(book, create=True) as made:
        while not list(made.gradings()):
            assert running.poll() is None, running.communicate()
        processes = [child.pid for child in psutil.Process(running.pid).children(recursive=True)]
    running.send_signal(signal.SIGTERM)
    _, err = running.communicate(timeout=SECONDS)
    assert running.returncode == 128 + signal.SIGTERM, err
    assert "Traceback" not in err
    assert gone(processes)
    with Gradebook(book) as made:
        assert [run.state for run in made.runs()] == ["stopped"]
        assert len(list(made.gradings())) == 1


def test_a_run_goes_on_with_the_same_submissions_only(grader, handed_in, tmp_path) -> None:
    book = tmp_path / "book"
    assert grader("batch", handed_in, "--out", book)[0] == 0
    with Gradebook(book) as made:
        made.end(made.runs()[0], "stopped")
    other = tmp_path / "other"
    shutil.copytree(handed_in / "annabel", other / "annabel")
    assert "run 2 of" in grader("batch", other, "--out", book)[1]
    with Gradebook(book) as made:
        made.end(made.runs()[1], "stopped")
    assert "run 2 of" in grader("batch", other, "--out", book)[1]


def test_two_at_once_are_refused(grader, handed_in, tmp_path) -> None:
    book = tmp_path / "book"
    book.mkdir()
    with filelock.FileLock(book / batching.LOCK):
        status, _, err = grader("batch", handed_in, "--out", book)
    assert status == 2
    assert "another `grader batch` writes into" in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("batch", "missing"), "missing cannot be read"),
        (("batch", "starter", "q9"), "no assignment 'q9'; there are: q1"),
        (("batch", "starter", "--part", "late"), "has no part 'late'"),
        (("batch", "starter", "--out", "pyproject.toml"), "pyproject.toml cannot be written"),
        (("batch", "starter", "--scheduler", "nowhere"), "no Dask scheduler answers at nowhere"),
        (("override", "ann", "q1.half", "1", "--reason", "x"), "no gradebook there"),
        (("override", "ann", "q1.half"), "say how many POINTS, or --withdraw"),
        (("override", "ann", "q1.half", "1", "--withdraw"), "say how many POINTS, or --withdraw"),
        (("diff", "starter"), "no gradebook there"),
        (("diff", "starter", "starter"), "a gradebook stands alone"),
        (("diff", "pyproject.toml"), "name the results after"),
        (("diff", "pyproject.toml", "pyproject.toml", "--names"), "--runs and --names are for a gradebook"),
    ],
)
def test_what_is_impossible_is_said(grader, arguments, said) -> None:
    status, _, err = grader(*arguments)
    assert status == 2
    assert said in err


def test_without_its_libraries_it_says_what_to_install(grader, monkeypatch) -> None:
    monkeypatch.setattr(batching, "LIBRARIES", ("json", "no_such_library"))
    status, _, err = grader("batch", "starter")
    assert (status, err) == (
        2,
        "error: no_such_library: not installed; pip install -e '.[batch]' in a checkout\n",
    )


# -- points given by a person


@pytest.fixture
def book(tmp_path):
    with Gradebook(tmp_path / "book", create=True) as made:
        ann = Student(name="Ann", sid="11", email="ann@x.org", login="ann1")
        ben = Student(name="Ben", sid="22", email="both@x.org")
        made.enter([Entry(key="a", students=[ann]), Entry(key="b", students=[ben])])
        made.enter([Entry(key="c", students=[Student(name="Cid", sid="33", email="both@x.org")])])
        run = made.begin({}, {})
        for key in ("a", "b"):
            made.add(run, gradebooks.grading(key, gradebooks.question("q1.half", 20, 50)))
        made.end(run, "finished")
        yield made


@pytest.mark.parametrize("who", ["a", "11", "ann1", "ann@x.org"])
def test_a_submission_is_found_by_what_people_call_it(book, who) -> None:
    assert overriding.find(book, who).key == "a"
    assert overriding.find(book, book.pseudonym("a")).key == "a"
    made = overriding.override(book, who, "q1.half", 30, " a\nreason ")
    assert (made.submission, made.before, made.points, made.reason) == ("a", 20, 30, "a reason")
    assert made.at > "2026"


@pytest.mark.parametrize(
    ("who", "question", "points", "reason", "said"),
    [
        ("nobody", "q1.half", 1, "x", "no submission is called so"),
        ("", "q1.half", 1, "x", "no submission is called so"),
        ("both@x.org", "q1.half", 1, "x", "2 submissions are called so"),
        ("c", "q1.half", 1, "x", "was not graded on q1"),
        ("a", "q1.other", 1, "x", "has no question q1.other; there are: q1.half"),
        ("a", "q1.half", 50.5, "x", "has from 0 to 50 points, and 50.5 are given"),
        ("a", "q1.half", -1, "x", "has from 0 to 50 points"),
        ("a", "q1.half", float("nan"), "x", "has from 0 to 50 points"),
        ("a", "q1.half", 1, " \n", "say why"),
        ("a", "q1.half", None, "x", "nobody gave"),
    ],
)
def test_points_that_cannot_be_given(book, who, question, points, reason, said) -> None:
    with pytest.raises(OverrideError, match=said):
        overriding.override(book, who, question, points, reason)
    assert book.overrides() == []


def test_a_user_without_a_name(book, monkeypatch) -> None:
    def nobody() -> str:
        raise KeyError("uid not found")

    monkeypatch.setattr(overriding.getpass, "getuser", nobody)
    assert overriding.override(book, "a", "q1.half", 1, "x").by == ""


# -- two runs


def test_which_runs_are_compared(book) -> None:
    with pytest.raises(GradebookError, match="one run came to its end"):
        history.pair(book)
    second = book.begin({}, {})
    with pytest.raises(GradebookError, match="one run came to its end"):
        history.pair(book)
    book.end(second, "finished")
    third = book.begin({}, {})
    book.end(third, "finished")
    assert [history.pair(book).before.id, history.pair(book).after.id] == [2, 3]
    assert history.pair(book, (1, 3)).before.id == 1
    with pytest.raises(GradebookError, match=r"no run 9 in .*; there are: 1, 2, 3"):
        history.pair(book, (1, 9))


def test_points_that_a_person_gave_count_in_both_runs(book) -> None:
    first = book.runs()[0]
    second = book.begin({}, {})
    for key in ("a", "b"):
        book.add(second, gradebooks.grading(key, gradebooks.question("q1.half", 50, 50)))
    book.end(second, "finished")
    overriding.override(book, "a", "q1.half", 35, "read it")
    found = history.differences(book, history.Pair(first, second))
    (assignment,) = found.assignments
    changes = {each.submission: (each.before, each.after) for each in assignment.changes}
    assert changes[book.pseudonym("b")] == (20, 50)
    assert changes[book.pseudonym("a")] == (35, 35)
    assert "given by a person" in found.cautions[-1]


def test_what_could_not_be_graded_is_told_of_both(book) -> None:
    first = book.runs()[0]
    second = book.begin({}, {})
    book.add(second, gradebooks.grading("a", fault="the zip is broken"))
    on_a_card = gradebooks.result(
        "q1", gradebooks.question("q1.fast", 0, 0, device="cuda", bonus=6.0), bonus=6.0, complete=False
    )
    card = gradebooks.version("q1", device="cuda", digest="card")
    book.add(second, gradebooks.grading("b", version=card, result=on_a_card))
    made = history.as_batch(book, second)
    assert list(made.assignments) == ["q1", "q1 on a GPU"]
    gradings = {key: graded for each in made.submissions for key, graded in each.gradings.items()}
    assert gradings["q1"].fault == "the zip is broken"
    assert (gradings["q1 on a GPU"].score, gradings["q1 on a GPU"].complete) == (6, True)
    (assignment,) = history.differences(book, history.Pair(first, second)).assignments
    assert {note for each in assignment.changes for note in each.notes} >= {
        "could not be graded in run 2: the zip is broken"
    }


# -- the table


def test_the_table_says_what_is_not_a_grade(book) -> None:
    run = book.runs()[0]
    unjudged = gradebooks.question("q1.half", 0, 50, outcome=gradebooks.Outcome.GRADER_ERROR)
    book.add(run, gradebooks.grading("a", result=gradebooks.result("q1", unjudged, complete=False)))
    card = gradebooks.version("q1", device="cuda", digest="card")
    not_run = gradebooks.question("q1.fast", 0, 0, device="cuda", outcome=gradebooks.Outcome.NOT_RUN)
    book.add(run, gradebooks.grading("b", version=card, result=gradebooks.result("q1", not_run, bonus=0.5)))
    standing = standings(book, run)
    said = list(batching.lines(run, standing))
    assert said[0] == f"{book.pseudonym('a')}, q1: 1 of 1 tests were not judged; 2 of 9 cases differ"
    assert said[1].startswith(f"{book.pseudonym('b')}, q1 on a GPU: 1 of 1 tests were not judged")
    assert "20 / 50 + 0.5" in str(batching._cell(standing[1]))
    assert batching._why(None) == "it was not its turn yet"
