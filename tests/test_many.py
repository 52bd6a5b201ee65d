"""``grader grade --many``: which entries are submissions, what is kept of each, what is said of the rest."""

from __future__ import annotations

import io
import json
import os
import shutil
import sys
import zipfile
from pathlib import Path
from typing import ClassVar

import jsonschema
import msgspec
import pytest

from grader import many, provenance
from grader.commands import many as command
from grader.config import Assignment, Question
from grader.faults import GraderFault, Outcome
from grader.grading import GradingError
from grader.points import PlannedTest
from grader.pool import Done
from grader.results import batch
from grader.results.batch import Batch, Graded, SubmissionGradings
from grader.results.model import Context
from grader.results.store import ResultStore
from grader.schemas.generate import schemas
from grader.scoring import CaseResult, Mistake
from grader.submission import collect
from grader.tomlfile import ConfigError

ASKED = many.Asked(("q1",))
RIGHT = Graded(score=100.0, max_score=100.0, complete=True)
HOSTILE = "a[bold]b\x1b[31m\nc\N{RIGHT-TO-LEFT OVERRIDE}d"


def empty(*names: str, assignments: tuple[str, ...] = ("q1",)) -> Batch:
    return Batch(
        schema_version=1,
        state="running",
        assignments={name: batch.AssignmentVersion() for name in assignments},
        submissions=[SubmissionGradings(name=name) for name in names],
    )


# -- what is a submission -------------------------------------------------------------------------------


def test_folders_zips_and_notebooks_are_submissions_and_the_rest_is_listed(tmp_path):
    for name in ("bob", ".git", "__MACOSX"):
        (tmp_path / name).mkdir()
    (tmp_path / "ann.ipynb").write_text("{}")
    (tmp_path / "cid.ZIP").write_bytes(b"PK")
    (tmp_path / "dan.rar").write_bytes(b"Rar!")  # refused later, and the student is told why
    with zipfile.ZipFile(tmp_path / "eve", "w") as file:
        file.writestr("halves.py", "")
    (tmp_path / "notes.txt").write_text("")
    (tmp_path / "outside").symlink_to("/")
    os.mkfifo(tmp_path / "pipe")
    found, skipped = many.find(tmp_path)
    assert [each.name for each in found] == ["ann.ipynb", "bob", "cid.ZIP", "dan.rar", "eve"]
    assert all(each.path == tmp_path / each.name for each in found)
    assert {each.name: each.reason for each in skipped} == {
        ".git": "hidden",
        "__MACOSX": "hidden",
        "notes.txt": "a file, neither a zip nor a notebook",
        "outside": "a link",
        "pipe": "a pipe",
    }


def test_a_folder_without_submissions_is_refused_with_what_lies_there(tmp_path):
    (tmp_path / "notes.txt").write_text("")
    with pytest.raises(GraderFault, match=r"no submission in it\nnotes\.txt is a file, neither"):
        many.find(tmp_path)
    with pytest.raises(GraderFault, match="nowhere cannot be read: No such file"):
        many.find(tmp_path / "nowhere")
    with pytest.raises(GraderFault, match=r"notes\.txt cannot be read: Not a directory"):
        many.find(tmp_path / "notes.txt")


def test_a_name_becomes_one_printable_line_and_stays_the_only_one():
    assert many.label("Ann B") == "Ann B"
    label = many.label(HOSTILE)
    assert label.startswith("a[bold]b cd (")
    assert label.isprintable()
    assert label == many.label(HOSTILE)
    surrogate = os.fsdecode(b"\xff")
    assert len({many.label(name) for name in (HOSTILE, label, "a[bold]b cd", surrogate, "a  b", "a b")}) == 6
    many.label(surrogate).encode()  # a file can hold it


# -- what is kept ---------------------------------------------------------------------------------------


def finished(state: str = "finished") -> Graded:
    """Of a run with a hidden test that failed."""
    title = Question(title="Forward", file="flow.py", minutes=5, review="Reread.")
    assignment = Assignment(
        id="p1", folder=Path("p1"), title="W", files=["flow.py"], questions={"p1.forward": title}
    )
    plan = PlannedTest(question="p1.forward", test="test_hidden.py::test_a", title="A", points=40)
    store = ResultStore(Context(seed=7, seed_source="course secret", isolation="sandbox"), [plan], assignment)
    mistake = Mistake("sum_for_mean", "The gradients are summed.")
    details = {"summary": "2 of 3 cases differ", "detail": "x = 3", "output": "mine", "mistake": mistake}
    store.add(CaseResult("p1.forward", plan.test, plan.test, Outcome.FAILED, **details))
    store.problem("flow.py is empty")
    return batch.of_result(store.finish(state))


def test_what_is_kept_of_a_result_is_safe_to_show():
    graded = finished()
    assert (graded.fault, graded.score, graded.max_score, graded.complete) == ("", 0, 40, True)
    assert (graded.seed, graded.seed_source, graded.isolation) == (7, "course secret", "sandbox")
    assert graded.problems == ["flow.py is empty"]
    (question,) = graded.questions
    (test,) = question.tests
    for each in (question, test):
        assert (each.outcome, each.mistake) == ("failed", "sum_for_mean")
        assert each.message == "2 of 3 cases differ"
    text = msgspec.json.encode(graded)
    assert b"x = 3" not in text
    assert b"mine" not in text


def test_a_run_that_did_not_end_is_a_fault():
    assert finished("stopped") == Graded(fault="flow.py is empty")


def test_what_graded_is_told_by_digests(small_course):
    q1 = small_course.assignment("q1")
    before = provenance.assignment_version(small_course, q1)
    assert {name.split("/")[0] for name in before.files} == {"assignments", "reference"}
    for unused in (q1.folder / "__pycache__", small_course.reference("q1") / "alternatives" / "mine"):
        unused.mkdir(parents=True)
        (unused / "x.py").write_bytes(b"")
    assert provenance.assignment_version(small_course, q1) == before
    tests = q1.folder / "test_public.py"
    tests.write_text(tests.read_text() + "\n")
    after = provenance.assignment_version(small_course, q1)
    assert before.digest != after.digest
    assert dict(before.files.items() ^ after.files.items()).keys() == {"assignments/q1/test_public.py"}
    shutil.rmtree(small_course.root / "reference")  # as in a release
    names = provenance.assignment_version(small_course, q1).files
    assert {name.split("/")[0] for name in names} == {"assignments", "starter"}
    assert provenance.engine() == provenance.engine() != after.digest


def test_a_file_of_ours_that_cannot_be_read_is_a_fault_of_ours(small_course, monkeypatch):
    q1 = small_course.assignment("q1")
    monkeypatch.setattr(provenance, "_files", lambda folder: [folder / "test_lost.py"])
    with pytest.raises(GraderFault, match=r"test_lost\.py cannot be read: No such file"):
        provenance.assignment_version(small_course, q1)


def test_the_file_is_kept_current_now_and_then_and_at_the_end(tmp_path):
    now = 0.0
    path = tmp_path / "new" / "A.json"
    record = many.Record(empty("ann", "bob"), path, clock=lambda: now)
    assert batch.read(path).state == "running"
    record.add("bob", "q1", RIGHT)
    assert batch.read(path).submissions[1].gradings == {}
    now = many.WRITE_SECONDS
    record.add("ann", "q1", Graded(fault="empty"))
    read = batch.read(path)
    assert [each.name for each in read.submissions] == ["ann", "bob"]
    assert [each.gradings["q1"].fault for each in read.submissions] == ["empty", ""]
    assert record.end("finished") == batch.read(path)
    assert record.unwritten == ""
    assert batch.read(path).state == "finished"
    assert [each.name for each in path.parent.iterdir()] == ["A.json"]


def test_a_file_that_cannot_be_written_is_said_at_once(tmp_path):
    (tmp_path / "A.json").mkdir()
    with pytest.raises(GraderFault, match=r"the results cannot be kept: .*A\.json: Is a directory"):
        many.Record(empty("ann"), tmp_path / "A.json")


def test_a_file_that_cannot_be_written_later_stops_nothing(tmp_path):
    path = tmp_path / "A.json"
    record = many.Record(empty("ann"), path, clock=lambda: 0.0)
    path.unlink()
    path.mkdir()
    record.add("ann", "q1", RIGHT)
    assert record.end("finished").submissions[0].gradings["q1"] == RIGHT
    assert "A.json: Is a directory" in record.unwritten


# -- the run --------------------------------------------------------------------------------------------


class FakePool:
    """In the place of the pool: some results, then perhaps an exception."""

    outcomes: ClassVar[list[Graded | BaseException]] = []

    def __init__(self, course, processes):
        self.processes = processes

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def map(self, carry_out, jobs):
        for job, outcome in zip(jobs, self.outcomes, strict=False):
            if isinstance(outcome, GradingError):
                yield Done(job, None, str(outcome))
            elif isinstance(outcome, BaseException):
                raise outcome
            else:
                yield Done(job, outcome)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), GraderFault("a process was killed")])
def test_a_run_that_is_cut_off_leaves_what_it_has(monkeypatch, small_course, tmp_path, error):
    monkeypatch.setattr(FakePool, "outcomes", [RIGHT, error])
    monkeypatch.setattr(many, "Pool", FakePool)
    told = []
    record = many.Record(empty("ann", "bob"), tmp_path / "A.json")
    submissions = [many.Submission(name, tmp_path / name) for name in ("ann", "bob")]
    with pytest.raises(type(error)):
        many.grade(small_course, ASKED, submissions, record, 4, lambda *how_far: told.append(how_far))
    left = batch.read(tmp_path / "A.json")
    assert left.state == "stopped"
    assert [list(each.gradings) for each in left.submissions] == [["q1"], []]
    assert told == [(0, 2), (1, 2)]


def test_a_run_without_a_result_is_a_row(monkeypatch, small_course, tmp_path):
    monkeypatch.setattr(FakePool, "outcomes", [GradingError("no usable result\nlast line"), RIGHT])
    monkeypatch.setattr(many, "Pool", FakePool)
    record = many.Record(empty("ann", "bob"), None)
    submissions = [many.Submission(name, tmp_path / name) for name in ("ann", "bob")]
    done = many.grade(small_course, ASKED, submissions, record, 1, lambda *_: None)
    assert done.state == "finished"
    assert [each.gradings["q1"].fault for each in done.submissions] == ["no usable result last line", ""]


def test_the_table_shows_points_or_what_is_wrong(capfd):
    half = Graded(
        score=50.0,
        max_score=100.0,
        problems=["a layer is missing"],
        questions=[
            batch.GradedQuestion(
                id="q1.half",
                points=0,
                max_points=50,
                outcome="grader_error",
                tests=[
                    batch.GradedTest(
                        name="t", points=0, max_points=50, outcome="grader_error", message="no reference"
                    )
                ],
            )
        ],
    )
    unrun = Graded(score=0.0, max_score=100.0)
    gradings = {"ann": RIGHT, "[b]bob[/b]": half, "cid": Graded(fault="it is empty"), "dan": unrun}
    made = empty(*gradings, assignments=("q1", "q2"))
    made = msgspec.structs.replace(
        made,
        submissions=[SubmissionGradings(name=name, gradings={"q1": it}) for name, it in gradings.items()],
        skipped=[batch.Skipped(name="notes.txt", reason="a file")],
    )
    command.show(command.table(made), *command.lines(made))
    rows = [" ".join(line.split()) for line in capfd.readouterr().out.splitlines()]
    assert "ann 100 / 100 not graded" in rows
    assert "[b]bob[/b] 50 / 100, not complete not graded" in rows
    assert "[b]bob[/b], q1: 1 of 1 tests could not be judged; a layer is missing; no reference" in rows
    assert "cid, q1: it is empty" in rows
    assert "dan, q1: some tests were not run" in rows
    assert "Skipped: notes.txt (a file)" in rows


def test_what_a_stream_cannot_encode_is_replaced(monkeypatch):
    page = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(page, encoding="ascii"))
    command.show("Zoë")
    sys.stdout.flush()
    assert page.getvalue() == b"Zo?\n"


@pytest.mark.timeout(180)  # a pool with workers in processes of their own
def test_a_folder_is_graded_like_each_submission_alone(grader, small_course, tmp_path):
    folder = tmp_path / "class"
    folder.mkdir()
    right = small_course.reference("q1")
    shutil.make_archive(str(folder / "ann"), "zip", right)
    shutil.copytree(small_course.starter("q1"), folder / HOSTILE)
    (folder / "empty").mkdir()
    (folder / "notes.txt").write_text("")
    path = tmp_path / "A.json"
    status, out, err = grader("grade", "--many", folder, "--results", path)
    assert status == 3, err
    assert "error: 1 grade must not be used" in err
    rows = [" ".join(line.split()) for line in out.splitlines()]
    assert "ann.zip 100 / 100" in rows
    assert f"{many.label(HOSTILE)} 0 / 100" in rows
    assert "empty not graded" in rows
    assert "Skipped: notes.txt (a file, neither a zip nor a notebook)" in rows
    said = json.loads(path.read_text())
    jsonschema.validate(said, json.loads(schemas()["batch-1.json"]))
    assert (said["state"], said["versions"]["torch"] != "") == ("finished", True)
    graded = {each["name"]: each["gradings"]["q1"] for each in said["submissions"]}
    assert "is empty; it should hold halves.py" in graded["empty"]["fault"]
    ann = graded["ann.zip"]
    q1 = small_course.assignment("q1")
    assert ann["submission_hash"] == collect(q1, right, tmp_path / "run", right).digest
    assert (ann["complete"], ann["seed_source"]) == (True, "public default")
    assert ann["seed"] != graded[many.label(HOSTILE)]["seed"]
    assert [len(question["tests"]) for question in ann["questions"]] == [3, 2]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--many", "nowhere"], "nowhere cannot be read"),
        (["--many", "reference", "starter"], "assignments only, and 'starter' is none; there are: q1"),
        (["--many", "reference", "q1", "q9"], "'q9' is none"),
        (["--many", "reference", "--part", "first"], "q1 has no part 'first'"),
        (["--many", "reference", "--plant", "harmless"], "--plant is for one submission"),
        (["--many", "reference", "--expect", "0"], "--expect is for one submission"),
        (["--many", "reference", "--results-dir", "out"], "--results-dir is for one submission"),
        (["--many", "reference", "--artifacts", "out"], "--artifacts is for one submission"),
        (["--many", "reference", "--launcher", "fresh"], "--launcher is for one submission"),
        (["--many", "reference", "--results", "assignments"], "cannot be kept: assignments: Is a directory"),
        (["reference", "--results", "A.json"], "--results goes with --many"),
        ([], "name a submission, or a folder of them with --many"),
    ],
)
def test_contradictions_are_status_2_and_said_in_words(grader, arguments, said):
    status, out, err = grader("grade", *arguments)
    assert (status, out) == (2, "")
    assert said in err
    assert "Traceback" not in err


def test_assignments_are_named_once(small_course):
    assert command.chosen(small_course, []) == ["q1"]
    assert command.chosen(small_course, ["q1", "q1"]) == ["q1"]
    with pytest.raises(ConfigError, match=r"'a\[b\]' is none"):
        command.chosen(small_course, ["a[b]\x1b"])
