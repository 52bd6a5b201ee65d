"""The CSV files that go back: whose points, which cells stay empty, and what platforms would make of them."""

from __future__ import annotations

import csv
import io
import stat

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.faults import GraderFault, Outcome
from grader.gradebook import exports, roster
from grader.gradebook.exports import cell, export
from grader.gradebook.model import Entry, Grading, Override, Student, Version
from grader.gradebook.standings import standings
from grader.gradebook.store import Gradebook
from grader.results.model import QuestionResult, Result, SubmissionResult

ANN = Student(name="Lee, Ann", sid="007", email="ann@x.edu", login="al", platform_id="12")
BO = Student(name="Wu, Bo", sid="008", email="bo@x.edu", login="bw", platform_id="13")
CY = Student(name="Roe, Cy", sid="009", email="cy@x.edu", login="cr", platform_id="14")
CLASS = (
    "Student,ID,SIS User ID,SIS Login ID,Section,Email\n"
    '"Lee, Ann",12,007,al,S1,ann@x.edu\n"Wu, Bo",13,008,bw,S1,bo@x.edu\n"Roe, Cy",14,009,cr,S2,cy@x.edu\n'
)
HOSTILE = "=cmd|x\N{RIGHT-TO-LEFT OVERRIDE}\n[b];+1+1"


def result(
    assignment: str, points: float, *, complete: bool = True, bonus: float = 0.0, title: str = "Warm-up"
) -> Result:
    question = QuestionResult(
        id=f"{assignment}.flow",
        title="Flow",
        points=points,
        max_points=100.0,
        bonus=bonus,
        outcome=Outcome.FAILED,
        message="",
        mistake=None,
        visibility="visible",
        seconds=0.0,
        review="",
        tests=[],
    )
    return Result(
        schema_version=1,
        assignment=assignment,
        title=title,
        state="finished",
        complete=complete,
        score=points,
        max_score=100.0,
        bonus=bonus,
        questions=[question],
        problems=[],
        submission=SubmissionResult(folder="", files=[], ignored=[]),
        submission_hash="",
        leaderboard=[],
        isolation="sandbox",
        layers=[],
        device="cpu",
        seed=1,
        seed_source="",
        versions={},
    )


class Filled:
    """A gradebook with one run, filled by key, students and points."""

    def __init__(self, folder) -> None:
        self.folder = folder
        self.book = Gradebook(folder, create=True)
        self.run = self.book.begin({}, {})

    def hand_in(self, key: str, *students: Student, **more) -> str:
        (made,) = self.book.enter([Entry(key=key, students=list(students), **more)])
        return made.pseudonym

    def grade(self, key: str, assignment: str, graded: Result | None, device: str = "cpu") -> None:
        version = Version(
            assignment=assignment,
            digest=f"d-{assignment}-{device}",
            engine="",
            files="",
            title="Title",
            device=device,
        )
        fault = "" if graded is not None else "it broke"
        grading = Grading(
            submission=key, assignment=assignment, version=version, identity="i", result=graded, fault=fault
        )
        self.book.add(self.run, grading)

    def end(self):
        self.book.end(self.run, "finished")
        self.run = self.book.runs()[-1]
        return self

    def export(self, platform: str, *assignments: str, who: str | None = None, **more):
        known = None
        if who is not None:
            path = self.folder / "class.csv"
            path.write_text(who)
            known = roster.read(path)
        found = standings(self.book, self.run)
        return export(
            platform, self.run, found, self.book.submissions(), assignments or ("p1",), roster=known, **more
        )


@pytest.fixture
def filled(tmp_path):
    """Ann has 50 with an override to 60.5, Bo's grade must not be used, Cy handed in nothing."""
    made = Filled(tmp_path / "book")
    made.hand_in("ann", ANN)
    made.hand_in("bo", BO)
    made.grade("ann", "p1", result("p1", 50.0))
    made.grade("bo", "p1", result("p1", 70.0, complete=False))
    made.book.override(Override(submission="ann", question="p1.flow", points=60.5, reason="regrade"))
    yield made.end()
    made.book.__exit__(None, None, None)


def rows(exported) -> list[list[str]]:
    return list(csv.reader(io.StringIO(exported.text)))


# -- Canvas


def as_canvas_reads_it(text: str) -> tuple[dict[str, str], list[dict[str, str]]]:
    """What canvas-lms's lib/gradebook_importer.rb looks at, in the order in which it does."""
    header, *below = csv.reader(io.StringIO(text))
    assert len(header) > 3
    assert "Student" in header[0]
    assert "ID" in header[1]
    assert (header[2], header[3], header[4]) == ("SIS User ID", "SIS Login ID", "Section")
    possible: dict[str, str] = {}
    students = []
    for row in below:
        if "Points Possible" in row[0]:
            possible = dict(zip(header[5:], row[5:], strict=True))
        else:
            students.append(dict(zip(header, row, strict=True)))
    return possible, students


def test_for_canvas_points_that_count_stand_under_the_assignment_s_number(filled):
    exported = filled.export("canvas", who=CLASS, columns={"p1": "Homework 1 (55)"})
    possible, students = as_canvas_reads_it(exported.text)
    assert possible == {"Homework 1 (55)": "100"}
    assert [(each["ID"], each["Section"], each["Homework 1 (55)"]) for each in students] == [
        ("12", "S1", "60.5"),
        ("13", "S1", ""),
        ("14", "S2", ""),
    ]
    assert exported.text.startswith("Student,ID,SIS User ID,SIS Login ID,Section,Homework 1 (55)\r\n")
    assert exported.remarks == [
        "1 grade must not be used and left empty",
        "1 student of the roster without a submission, left empty",
    ]
    assert exported.unusable == 1


def test_for_canvas_a_title_is_no_number_of_an_assignment_by_chance(filled):
    for key in ("ann", "bo"):
        filled.grade(key, "p1", result("p1", 50.0, title="Warm-up (2)"))
    assert "p1: Warm-up [2]" in filled.export("canvas").text


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"p1": "Final Score (5)"}, "passes over a column that is called 'Final Score"),
        ({"p1": " "}, "--column p1= gives it no title"),
    ],
)
def test_for_canvas_a_title_that_cannot_be_used_is_refused(filled, columns, said):
    with pytest.raises(GraderFault, match=said):
        filled.export("canvas", columns=columns)


def test_two_columns_of_one_title_are_refused(filled):
    filled.grade("ann", "p2", result("p2", 1.0))
    with pytest.raises(GraderFault, match="two assignments would have one title"):
        filled.export("canvas", "p1", "p2", columns={"p1": "X", "p2": "X"})


def test_for_canvas_nobody_is_told_by_a_name_alone(tmp_path):
    made = Filled(tmp_path)
    made.hand_in("ann", ANN)
    made.hand_in("by mail", Student(name="Di Elk", email="di@x.edu"))
    made.hand_in("by name", Student(name="Fay"))
    for key in ("ann", "by mail", "by name"):
        made.grade(key, "p1", result("p1", 10.0))
    exported = made.end().export("canvas")
    assert [row[1] for row in rows(exported)] == ["ID", "", "12"]
    assert exported.remarks == [
        "1 student without ID, SIS User ID or SIS Login ID, left out",
        "1 submission of somebody who is not known by more than a name; --roster tells who is who",
    ]


def test_for_canvas_a_student_cannot_be_called_the_row_of_points(tmp_path):
    made = Filled(tmp_path)
    made.hand_in("a", Student(name="Points Possible", platform_id="12"))
    made.grade("a", "p1", result("p1", 1.0))
    assert rows(made.end().export("canvas"))[2] == ["", "12", "", "", "", "1"]


def test_where_nobody_can_be_known_nothing_is_written(tmp_path):
    made = Filled(tmp_path)
    made.hand_in("a")
    made.grade("a", "p1", result("p1", 1.0))
    made.end()
    for platform in ("canvas", "moodle", "gradescope"):
        with pytest.raises(GraderFault, match="--roster FILE tells who is who"):
            made.export(platform)
    assert len(rows(made.export("csv"))) == 2


# -- Moodle


def test_for_moodle_no_cell_is_empty_because_that_could_become_a_zero(filled):
    exported = filled.export("moodle", who=CLASS)
    assert rows(exported) == [
        ["Email address", "ID number", "Username", "p1: Warm-up"],
        ["ann@x.edu", "007", "al", "60.5"],
        ["bo@x.edu", "008", "bw", "-"],
        ["cy@x.edu", "009", "cr", "-"],
    ]


def test_for_moodle_a_column_that_tells_most_tells_all_that_stay(tmp_path):
    made = Filled(tmp_path)
    made.hand_in("a", Student(name="A", email="a@x", sid="1"))
    made.hand_in("b", Student(name="B", email="b@x"))
    made.hand_in("c", Student(name="C", login="c"))
    for key in "abc":
        made.grade(key, "p1", result("p1", 100.0, bonus=3.0))
    made.grade("a", "p1", result("p1", 0.0, bonus=3.0), "cuda")
    exported = made.end().export("moodle")
    assert rows(exported) == [["Email address", "p1: Warm-up"], ["a@x", "103"], ["b@x", "100"]]
    assert exported.remarks == [
        "1 student without email address, ID number or username, left out",
        "1 grade above the maximum: Moodle needs its setting unlimitedgrades for these",
    ]


# -- Gradescope


def test_for_gradescope_it_is_what_it_writes_itself_and_that_is_said(filled):
    exported = filled.export("gradescope", who=CLASS)
    assert rows(exported)[:3] == [
        ["Name", "SID", "Email", "p1: Warm-up", "p1: Warm-up - Max Points"],
        ["Lee, Ann", "007", "ann@x.edu", "60.5", "100"],
        ["Wu, Bo", "008", "bo@x.edu", "", "100"],
    ]
    assert any(line.startswith("Gradescope reads no scores from a file") for line in exported.remarks)


def test_for_gradescope_an_address_or_a_number_is_needed(tmp_path):
    made = Filled(tmp_path)
    made.hand_in("a", Student(name="A", sid="1"))
    made.hand_in("b", Student(name="B", login="b"))
    for key in "ab":
        made.grade(key, "p1", result("p1", 1.0))
    assert "1 student without SID or email, left out" in made.end().export("gradescope").remarks


# -- everything


def test_everything_has_a_row_for_each_submission_and_assignment(filled):
    filled.grade("ann", "p2", result("p2", 40.0, bonus=0.0))
    filled.grade("bo", "p2", None)
    filled.hand_in("late", CY, late=True)
    filled.grade("late", "p2", result("p2", 1 / 3))
    exported = filled.export("csv", "p1", "p2", who=CLASS + '"Elk, Di",15,010,de,S2,di@x.edu\n')
    found = list(csv.DictReader(io.StringIO(exported.text)))
    assert list(found[0]) == list(exports.EVERYTHING)
    ann = filled.book.pseudonym("ann")
    assert found[0] == {
        "pseudonym": ann,
        "submission": "ann",
        "student": "Lee, Ann",
        "sid": "007",
        "email": "ann@x.edu",
        "login": "al",
        "assignment": "p1",
        "score": "60.5",
        "bonus": "0",
        "total": "60.5",
        "max": "100",
        "complete": "yes",
        "override": "yes",
        "late": "no",
        "version": "d-p1-cpu",
        "run": "1",
    }
    table = [(row["student"], row["assignment"], row["total"], row["complete"], row["max"]) for row in found]
    assert table == [
        ("Lee, Ann", "p1", "60.5", "yes", "100"),
        ("Lee, Ann", "p2", "40", "yes", "100"),
        ("Wu, Bo", "p1", "", "no", "100"),
        ("Wu, Bo", "p2", "", "no", ""),
        ("Roe, Cy", "p2", "0.333333", "yes", "100"),
        ("Roe, Cy", "p1", "", "", ""),
        ("Elk, Di", "p1", "", "", ""),
        ("Elk, Di", "p2", "", "", ""),
    ]
    assert [row["late"] for row in found if row["student"] == "Roe, Cy"] == ["yes", ""]


def test_a_group_is_one_row_of_everything_and_a_row_each_elsewhere(tmp_path):
    made = Filled(tmp_path)
    made.hand_in("team", ANN, BO)
    made.grade("team", "p1", result("p1", 80.0))
    made.end()
    assert [row[2:6] for row in rows(made.export("csv"))[1:]] == [
        ["Lee, Ann, Wu, Bo", "007, 008", "ann@x.edu, bo@x.edu", "al, bw"]
    ]
    assert [row[-1] for row in rows(made.export("canvas"))[2:]] == ["80", "80"]


def test_a_group_that_the_roster_knows_in_part_keeps_all_its_names(tmp_path):
    made = Filled(tmp_path)
    made.hand_in("team", ANN, Student(name="Guest"))
    made.grade("team", "p1", result("p1", 80.0))
    exported = made.end().export("csv", who=CLASS)
    assert rows(exported)[1][2] == "Lee, Ann, Guest"
    assert "1 submission of somebody who is not on the roster" in exported.remarks


# -- who is absent, and what is not known


def test_whoever_handed_in_nothing_gets_points_only_if_asked(filled):
    exported = filled.export("canvas", who=CLASS, absent=0.0)
    assert [row[-1] for row in rows(exported)[2:]] == ["60.5", "", "0"]
    assert "1 student of the roster without a submission, who get 0" in exported.remarks


def test_whoever_handed_in_at_any_time_is_not_absent(filled):
    filled.hand_in("cy", CY)  # and was not graded in this run
    assert [row[-1] for row in rows(filled.export("canvas", who=CLASS, absent=0.0))[2:]] == ["60.5", "", ""]
    assert len(rows(filled.export("canvas"))[2:]) == 2  # nor one of those who were graded


@pytest.mark.parametrize("points", [float("nan"), float("inf")])
def test_points_of_the_absent_are_a_number(filled, points):
    with pytest.raises(GraderFault, match="is a number of points"):
        filled.export("canvas", who=CLASS, absent=points)


def test_who_is_absent_has_to_be_sure(filled):
    with pytest.raises(GraderFault, match="--absent needs --roster"):
        filled.export("canvas", absent=0.0)
    filled.hand_in("somebody")
    filled.grade("somebody", "p1", result("p1", 1.0))
    with pytest.raises(GraderFault, match="1 submission of somebody who is not on the roster"):
        filled.export("canvas", who=CLASS, absent=0.0)
    filled.run = msgspec.structs.replace(filled.run, state="stopped")
    with pytest.raises(GraderFault, match="run 1 did not come to its end"):
        filled.export("canvas", who=CLASS, absent=0.0)
    assert "run 1 did not come to its end: what is not graded yet is empty" in filled.export("csv").remarks


def test_two_submissions_of_one_student_give_no_points(filled):
    filled.hand_in("ann again", ANN)
    filled.grade("ann again", "p1", result("p1", 99.0))
    for who in (None, CLASS):
        exported = filled.export("moodle", who=who)
        assert rows(exported)[1][-1] == "-"
        assert "1 grade of students with several submissions left empty" in exported.remarks


def test_a_folder_s_name_tells_whose_it_is_where_nothing_else_does(tmp_path):
    made = Filled(tmp_path)
    made.hand_in("007.zip")
    made.grade("007.zip", "p1", result("p1", 5.0))
    assert rows(made.end().export("canvas", who=CLASS))[2] == ["Lee, Ann", "12", "007", "al", "S1", "5"]


def test_an_assignment_without_a_usable_grade_has_no_maximum_and_its_own_title(tmp_path):
    made = Filled(tmp_path)
    made.hand_in("ann", ANN)
    made.grade("ann", "p1", None)
    assert rows(made.end().export("canvas"))[:2] == [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "p1: Title"],
        ["    Points Possible", "", "", "", "", ""],
    ]


# -- cells


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("Ann", "Ann"),
        ("=1+1", "'=1+1"),
        ("@x", "'@x"),
        ("-1+1", "'-1+1"),
        ("+49 170", "'+49 170"),
        ("-1.5", "-1.5"),
        ("+7", "+7"),
        ("\t=1", "'=1"),
        ("\r=1", "'=1"),
        ("\uff1d1", "'\uff1d1"),
        ("a; =1", "a; '=1"),
        ("a=1", "a=1"),
        ("", ""),
        (HOSTILE, "'=cmd|x [b];'+1+1"),
        ("a" * 400, "a" * 297 + "..."),
    ],
)
def test_no_cell_is_a_formula(text, written):
    assert cell(text) == written


@given(st.text(max_size=50))
def test_no_text_becomes_a_formula_or_a_second_line(text):
    written = cell(text)
    assert not written or written[0] not in "=@+-\t\r" or exports.NUMBER.fullmatch(written)
    assert written.isprintable()


def test_hostile_names_stay_in_their_cells(tmp_path):
    made = Filled(tmp_path)
    made.hand_in(HOSTILE, Student(name=HOSTILE, sid="1", email="=a@x", login='"x",', platform_id="12"))
    made.grade(HOSTILE, "p1", result("p1", 1.0))
    made.end()
    for platform in ("canvas", "moodle", "gradescope", "csv"):
        found = rows(made.export(platform, columns={"p1": f"{HOSTILE}"}))
        assert len({len(row) for row in found}) == 1
        assert len(found) == (3 if platform == "canvas" else 2)
        for row in found:
            assert all(not text.startswith(("=", "@", "+")) for text in row)


# -- the command


def test_the_command_writes_a_file_that_is_closed_to_others(filled, command, tmp_path):
    (tmp_path / "class.csv").write_text(CLASS)
    status, out, err = command(
        "export", filled.folder, "--as", "canvas", "--roster", tmp_path / "class.csv", "--column", "p1=HW (5)"
    )
    path = filled.folder / "canvas.csv"
    assert (status, err) == (3, "")
    assert out.splitlines() == [
        "1 grade must not be used and left empty",
        "1 student of the roster without a submission, left empty",
        f"{path}: p1 of run 1",
    ]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_bytes().startswith(b"Student,ID,SIS User ID,SIS Login ID,Section,HW (5)\r\n")
    for name in ("Ann", "ann", "12"):
        assert name not in out


def test_the_command_ends_well_where_every_grade_is_there(filled, command, tmp_path):
    filled.grade("bo", "p1", result("p1", 70.0))
    to = tmp_path / "new" / "all.csv"
    status, _, _ = command("export", filled.folder, "--as", "csv", "--to", to, "--run", "1", "-a", "p1")
    assert status == 0
    assert len(to.read_text().splitlines()) == 3


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--as", "canvas", "--run", "7"], "no run 7 in"),
        (["--as", "canvas", "-a", "p9"], "p9 was not graded in run 1; it has: p1"),
        (["--as", "canvas", "--column", "p9=x"], "--column is ID=TITLE, with the id of an assignment"),
        (["--as", "canvas", "--column", "p1"], "--column is ID=TITLE"),
        (["--as", "canvas", "--to", "."], ". is a folder: name the file with --to"),
        (["--as", "csv", "--to", "/dev/null/x.csv"], "/dev/null/x.csv cannot be written: Not a directory"),
        (["--as", "canvas", "--absent", "0"], "--absent needs --roster"),
        (["--as", "canvas", "--absent", "-1"], "Invalid value for '--absent'"),
        (["--as", "blackboard"], "Invalid value for '--as'"),
        (["--as", "canvas", "--roster", "none.csv"], "the roster none.csv cannot be read"),
    ],
)
def test_the_command_refuses_in_words(filled, command, tmp_path, monkeypatch, arguments, said):
    monkeypatch.chdir(tmp_path)
    status, out, err = command("export", filled.folder, *arguments)
    assert (status, out) == (2, "")
    assert said in " ".join(err.replace("│", " ").split())


def test_the_command_needs_a_gradebook_with_a_run(tmp_path, command):
    assert "no gradebook there" in command("export", tmp_path, "--as", "csv")[2]
    with Gradebook(tmp_path, create=True) as book:
        assert "nothing was graded there yet" in command("export", tmp_path, "--as", "csv")[2]
        book.begin({}, {})
    assert "nothing was graded in run 1" in command("export", tmp_path, "--as", "csv")[2]
