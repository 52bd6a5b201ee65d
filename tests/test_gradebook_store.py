"""The gradebook: whole rows, each once, kept through whatever comes; and who stands where by it."""

from __future__ import annotations

import sqlite3
import stat
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import gradebooks
import msgspec
import pytest

from grader.faults import Outcome
from grader.gradebook import store
from grader.gradebook.model import Entry, Override, Student
from grader.gradebook.standings import in_force, standings
from grader.gradebook.store import FILE_NAME, Gradebook, GradebookError

ANN = Entry(key="ann", path=Path("ann"), students=[Student(name="Ann", sid="1")])
BOB = Entry(key="bob", path=Path("bob"), late=True)


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Gradebook]:
    with Gradebook(tmp_path / "book", create=True) as made:
        yield made


def kept(book: Gradebook, *, asked: str = "q1"):
    """A run with Ann's and Bob's gradings."""
    book.enter([ANN, BOB])
    run = book.begin({"assignments": asked}, {})
    return run, [book.add(run, gradebooks.grading(key)) for key in ("ann", "bob")]


def test_what_was_kept_is_read_again(tmp_path: Path) -> None:
    with Gradebook(tmp_path, create=True) as book:
        run, (ann, _) = kept(book)
        pictures = {"p/a.png": b"\x89PNG", "p/b.png": b""}
        again = book.add(run, gradebooks.grading("ann", assignment="q2"), pictures)
        book.end(run, "finished")
    with Gradebook(tmp_path) as book:
        assert next(book.gradings()) == ann
        assert [each.id for each in book.gradings(run)] == [1, 2, 3]
        assert book.pictures(again.id) == pictures
        assert book.pictures(ann.id) == {}
        (read,) = book.runs()
        assert (read.state, read.asked) == ("finished", {"assignments": "q1"})
        assert read.ended >= read.started > "2026"
        assert [(each.key, each.students, each.late) for each in book.submissions()] == [
            ("ann", ANN.students, False),
            ("bob", [], True),
        ]


def test_it_is_closed_to_others(book: Gradebook) -> None:
    assert stat.S_IMODE(book.path.stat().st_mode) == 0o600
    kept(book)
    beside = [path for path in book.path.parent.iterdir() if path != book.path]
    assert {path.suffix for path in beside} == {".sqlite-wal", ".sqlite-shm"}
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in beside)


def test_it_writes_ahead_and_to_the_disk(book: Gradebook) -> None:
    with closing(sqlite3.connect(book.path)) as file:
        assert file.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert book._file.execute("PRAGMA synchronous").fetchone() == (2,)


def test_pseudonyms_are_the_gradebooks_own(tmp_path: Path, book: Gradebook) -> None:
    with Gradebook(tmp_path / "other", create=True) as other:
        assert other.pseudonym("ann") != book.pseudonym("ann")
    assert book.pseudonym("ann") != book.pseudonym("bob")
    with Gradebook(book.path.parent) as again:
        assert again.pseudonym("ann") == book.pseudonym("ann")


def test_two_of_one_pseudonym_are_refused(book: Gradebook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "PSEUDONYM_DIGITS", 0)
    with pytest.raises(GradebookError, match="UNIQUE"):
        book.enter([ANN, BOB])
    assert book.submissions() == []


def test_what_is_said_of_students_is_replaced(book: Gradebook) -> None:
    book.enter([ANN, BOB])
    book.enter([msgspec.structs.replace(ANN, students=[Student(name="Anna")], late=True)])
    assert [(each.name, each.late) for each in book.submissions()] == [("Anna", True), ("bob", True)]


def test_a_grading_is_found_by_version_and_files(book: Gradebook) -> None:
    _, (ann, _) = kept(book)
    found = book.find("ann", ann.version, ann.identity)
    assert found is not None
    assert found.id == ann.id
    assert book.find("ann", gradebooks.version("q1", digest="another"), ann.identity) is None
    assert book.find("ann", ann.version, "other files") is None
    assert book.find("cid", ann.version, ann.identity) is None


def test_a_grading_made_again_is_another_attempt(book: Gradebook) -> None:
    run, _ = kept(book)
    again = book.add(run, gradebooks.grading("ann", gradebooks.question("q1.half", 20, 50)))
    assert again.attempt == 2
    found = book.find("ann", again.version, again.identity)
    assert found is not None
    assert found.id == again.id
    assert len(list(book.gradings())) == 3
    assert {each.id for each in book.gradings(run)} == {2, 3}, "of the run it is the last that counts"


def test_a_picture_that_cannot_be_kept_takes_its_grading_with_it(book: Gradebook) -> None:
    run, _ = kept(book)
    with pytest.raises(GradebookError, match="cannot be written"):
        book.add(run, gradebooks.grading("ann", assignment="q2"), {"a.png": b"a", "b.png": None})  # type: ignore[dict-item]
    assert len(list(book.gradings())) == 2


def test_a_grading_of_nobody_is_refused(book: Gradebook) -> None:
    run, _ = kept(book)
    with pytest.raises(GradebookError, match="FOREIGN KEY"):
        book.add(run, gradebooks.grading("cid"))


def test_a_run_that_was_cut_off_goes_on(book: Gradebook) -> None:
    run, _ = kept(book)
    assert book.begin({"assignments": "q1"}, {"x": "hidden"}).id == run.id
    assert book.runs()[0].skipped == {"x": "hidden"}
    book.end(run, "stopped")
    assert book.begin({"assignments": "q1"}, {}).id == run.id
    assert book.runs()[0].state == "running"
    assert book.begin({"assignments": "q2"}, {}).id == 2, "asked for something else"
    book.end(book.runs()[1], "finished")
    assert book.begin({"assignments": "q2"}, {}).id == 3, "it came to its end"


def test_an_earlier_grading_may_be_of_a_later_run(book: Gradebook) -> None:
    run, (ann, _) = kept(book)
    book.end(run, "finished")
    later = book.begin({"assignments": "q1"}, {})
    book.use(later, ann)
    book.use(later, ann)
    assert [each.id for each in book.gradings(later)] == [ann.id]


# -- where it cannot be


def test_there_is_none(tmp_path: Path) -> None:
    with pytest.raises(GradebookError, match="no gradebook there"):
        Gradebook(tmp_path / "missing")
    assert not (tmp_path / "missing").exists()


def test_a_file_in_the_folders_place(tmp_path: Path) -> None:
    (tmp_path / "book").touch()
    with pytest.raises(GradebookError, match="cannot be opened"):
        Gradebook(tmp_path / "book", create=True)


@pytest.mark.parametrize("content", [b"no database at all, but a text of some length" * 100])
def test_something_else_in_the_files_place(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE_NAME).write_bytes(content)
    with pytest.raises(GradebookError, match="no gradebook that can be used: file is not a database"):
        Gradebook(tmp_path, create=True)
    assert (tmp_path / FILE_NAME).read_bytes() == content


def test_another_format(tmp_path: Path) -> None:
    Gradebook(tmp_path, create=True).__exit__(None, None, None)
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as file:
        file.execute("PRAGMA user_version = 7")
    with pytest.raises(GradebookError, match="of format 7, and this version of the package keeps format 1"):
        Gradebook(tmp_path)


def test_another_programs_database(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as file:
        file.execute("CREATE TABLE theirs (x)")
        file.commit()
    with pytest.raises(GradebookError, match="of format 0"):
        Gradebook(tmp_path, create=True)


def test_somebody_else_holds_it_too_long(book: Gradebook, monkeypatch: pytest.MonkeyPatch) -> None:
    run, _ = kept(book)
    monkeypatch.setattr(store, "BUSY_SECONDS", 0.01)
    with Gradebook(book.path.parent) as other:
        book._file.execute("BEGIN IMMEDIATE")
        with pytest.raises(GradebookError, match="database is locked"):
            other.end(run, "finished")
        book._file.execute("ROLLBACK")
        other.end(run, "finished")


def test_several_that_make_it_at_once(tmp_path: Path) -> None:
    """All of them open one and the same."""
    names, start = [], threading.Barrier(8)

    def make() -> None:
        start.wait()
        with Gradebook(tmp_path, create=True) as made:
            names.append(made.pseudonym("ann"))

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(names) == 8
    assert len(set(names)) == 1


# -- who stands where


def test_points_given_by_a_person_count(book: Gradebook) -> None:
    book.enter([ANN, BOB])
    run = book.begin({}, {})
    questions = (gradebooks.question("q1.half", 20, 50), gradebooks.question("q1.mean", 0.1, 0.2))
    book.add(run, gradebooks.grading("ann", *questions))
    book.add(run, gradebooks.grading("bob", *questions))

    def give(points: float | None) -> None:
        book.override(Override(submission="ann", question="q1.half", points=points, reason="read it"))

    give(10)
    give(30)
    ann, bob = standings(book, run)
    assert (ann.score, ann.graded_score, ann.max_score, ann.total) == (30.1, 20.1, 50.2, 30.1)
    assert (bob.score, bob.overrides) == (20.1, {})
    assert ann.overrides["q1.half"].reason == "read it"
    give(None)
    assert standings(book, run)[0].score == 20.1
    assert [each.points for each in book.overrides()] == [10, 30, None]
    assert in_force(book.overrides()) == {}


def test_gpu_questions_are_a_bonus(book: Gradebook) -> None:
    book.enter([ANN])
    run = book.begin({}, {})
    book.add(run, gradebooks.grading("ann"))
    on_a_card = gradebooks.result(
        "q1", gradebooks.question("q1.fast", 0, 0, device="cuda", bonus=6.0), bonus=6.0, complete=False
    )
    version = gradebooks.version("q1", device="cuda", digest="on a card")
    book.add(run, gradebooks.grading("ann", version=version, result=on_a_card))
    (ann,) = standings(book, run)
    assert (ann.score, ann.bonus, ann.total, ann.usable) == (50, 6, 56, True)
    assert ann.gpu is not None
    assert ann.gpu.usable


@pytest.mark.parametrize("outcome", [Outcome.NOT_RUN, Outcome.GRADER_ERROR])
def test_a_gpu_question_that_was_not_judged_is_no_grade(outcome: Outcome) -> None:
    on_a_card = gradebooks.result(
        "q1", gradebooks.question("q1.fast", 0, 0, device="cuda", outcome=outcome), complete=False
    )
    made = gradebooks.grading("ann", version=gradebooks.version("q1", device="cuda"), result=on_a_card)
    assert not made.usable


def test_what_was_not_graded_is_no_grade(book: Gradebook) -> None:
    book.enter([ANN])
    run = book.begin({}, {})
    book.add(run, gradebooks.grading("ann", fault="the zip is broken"))
    (ann,) = standings(book, run)
    assert (ann.usable, ann.score, ann.max_score, ann.questions) == (False, 0, 0, [])
    assert not gradebooks.grading("ann", result=gradebooks.result("q1", complete=False)).usable
