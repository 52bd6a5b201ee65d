"""The roster: which files are read as one, what is refused in words, and who is meant by what is known."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.faults import GraderFault
from grader.gradebook import roster
from grader.gradebook.model import Student
from grader.gradebook.roster import Roster

ANN = Student(name="Ann Lee", sid="007", email="ann@x.edu")
HOSTILE = "=1+2\N{RIGHT-TO-LEFT OVERRIDE}\x1b[31m"


def written(folder, text: str | bytes):
    path = folder / "class.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def students(folder, text: str | bytes) -> list[Student]:
    return [person.student for person in roster.read(written(folder, text)).people]


def refused(folder, text: str | bytes) -> str:
    with pytest.raises(GraderFault) as fault:
        roster.read(written(folder, text))
    assert str(fault.value).startswith(("the roster", "there is no roster"))
    return str(fault.value)


# -- what platforms export


@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_any_usual_delimiter_is_seen(tmp_path, delimiter, start):
    rows = [["Name", "SID", "Email"], ['"Lee, Ann; a"', "007", "ann@x.edu"], ["Bo", "8", "bo@x.edu"]]
    text = "\r\n".join(delimiter.join(row) for row in rows)
    assert students(tmp_path, start + text.encode()) == [
        Student(name="Lee, Ann; a", sid="007", email="ann@x.edu"),
        Student(name="Bo", sid="8", email="bo@x.edu"),
    ]


def test_of_gradescope_staff_is_left_out(tmp_path):
    text = (
        "First Name,Last Name,SID,Email,Role,Sections\nAnn,Lee,007,ann@x.edu,Student,A\n"
        "Tom,Wu,1,tom@x.edu,TA,\n"
    )
    (person,) = roster.read(written(tmp_path, text)).people
    assert (person.student, person.section, person.row) == (ANN, "A", 2)


def test_of_canvas_rows_that_are_nobody_are_left_out(tmp_path):
    text = (
        "Student,ID,SIS User ID,SIS Login ID,Section,Homework 1 (55)\n"
        ",,,,,Manual Posting\n"
        "    Points Possible,,,,,100\n"
        '"Lee, Ann",12,007,alee,S1,50\n'
    )
    (person,) = roster.read(written(tmp_path, text)).people
    assert person.student == Student(name="Lee, Ann", sid="007", login="alee", platform_id="12")
    assert (person.row, person.section) == (4, "S1")


def test_of_canvas_groups(tmp_path):
    text = (
        "name,canvas_user_id,user_id,login_id,sections,group_name,canvas_group_id\nAnn,12,007,al,S,Team 1,9\n"
    )
    (person,) = roster.read(written(tmp_path, text)).people
    assert person.student == Student(name="Ann", sid="007", login="al", platform_id="12")
    assert person.group == "Team 1"


def test_of_moodle_the_gradebook_and_the_worksheet(tmp_path):
    text = "First name,Surname,ID number,Email address,Username\nAnn,Lee,007,ann@x.edu,al\n"
    assert students(tmp_path, text) == [Student(name="Ann Lee", sid="007", email="ann@x.edu", login="al")]
    text = "Identifier,Full name,Email address,Grade\nParticipant 123,Ann Lee,ann@x.edu,\n"
    (person,) = roster.read(written(tmp_path, text)).people
    assert (person.participant, person.student.email, person.student.platform_id) == ("123", "ann@x.edu", "")


def test_an_id_without_canvas_is_the_university_s(tmp_path):
    assert students(tmp_path, "Name,ID\nAnn,7\n") == [Student(name="Ann", sid="7")]


def test_one_column_is_enough(tmp_path):
    assert students(tmp_path, "Email\nann@x.edu\n\nbo@x.edu") == [
        Student(email="ann@x.edu"),
        Student(email="bo@x.edu"),
    ]


def test_a_name_is_made_harmless(tmp_path):
    assert students(tmp_path, f'Name,SID\n"{HOSTILE}\n{"a" * 400}",1\n')[0].name == f"=1+2 {'a' * 292}..."


# -- what is refused


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "row 1 names no column by which"),
        ("Name,Points\nAnn,1\n", "row 1 names no column by which"),
        ("SID,Email\n", "names nobody"),
        ("SID,Student ID\n1,1\n", "row 1 has two columns for one thing: 'sid' and 'student id'"),
        ("Name,SID\nAnn,1\nBo,2\nCy,1\n", "rows 2 and 4 have the same sid"),
        ("Name,Email\nAnn,a@x\n\nBo,A@X\n", "rows 2 and 4 have the same email"),
        ("Name,SID\nAnn,1\nBo,\n", "row 3 has nothing but a name"),
        ("Name,SID\nLee, Ann,1\n", "row 2 has more cells than the header"),
        ('Name,SID\nAnn,1\n"Bo,2\n', "row 3 cannot be read: unexpected end of data"),
        (f"Name,SID\nAnn,{'1' * 140_000}\n", "row 2 cannot be read: field larger"),
        (f"Name,SID\nAnn,{HOSTILE}\n", "row 2: the sid holds what cannot be printed"),
        (b"Name,SID\nAnn,1\nB\xf6,2\n", "row 3 is not text in UTF-8"),
        ("Name,SID\nAnn,1\n".encode("utf-16"), "row 1 is not text in UTF-8"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_row(tmp_path, text, said):
    assert said in refused(tmp_path, text)


def test_a_file_that_is_not_there_or_too_large_is_refused(tmp_path, monkeypatch):
    with pytest.raises(GraderFault, match="cannot be read: No such file"):
        roster.read(tmp_path / "none.csv")
    with pytest.raises(GraderFault, match="there is no roster"):
        roster.read(tmp_path / "a\0b")
    monkeypatch.setattr(roster, "MAX_BYTES", 10)
    assert "larger than" in refused(tmp_path, "Name,SID\nAnn,1\n")


@settings(deadline=None)  # files are written
@given(
    st.one_of(st.binary(max_size=300), st.text(max_size=300).map(lambda text: f"SID,Name\n{text}".encode()))
)
def test_no_bytes_do_anything_but_be_read_or_refused(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes(data)
    try:
        people = roster.read(path).people
    except GraderFault:
        return
    assert people
    assert all(person.student.name.isprintable() for person in people)


# -- who is meant


@pytest.fixture
def people(tmp_path) -> Roster:
    text = (
        "Name,SID,Email,Login,submission,Group\n"
        "Ann Lee,007,ann@x.edu,al,,Team: One\n"
        "Bo Lee,008,bo@x.edu,bl,,Team: One\n"
        "Cy Roe,009,cy@x.edu,c.roe,late_one,\n"
        "Cy Roe,010,cy2@x.edu,cr2,late_one,\n"
    )
    return roster.read(written(tmp_path, text))


@pytest.mark.parametrize(
    ("student", "row"),
    [
        (Student(sid="007"), 2),
        (Student(email="ANN@x.EDU", name="somebody else"), 2),
        (Student(login="al", sid="999"), 2),
        (Student(sid="007", email="bo@x.edu"), None),  # two people
        (Student(sid="7"), None),
        (Student(name="ann  lee"), 2),
        (Student(name="Ann Lee", sid="999"), None),  # a name is nothing beside a number of somebody else
        (Student(name="Cy Roe"), None),  # two have it
        (Student(), None),
    ],
)
def test_somebody_is_known_by_numbers_and_by_a_name_only_without_these(people, student, row):
    found = people.of(student)
    assert (found.row if found else None) == row


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("007", [2]),
        ("007.zip", [2]),
        ("ann@x.edu", [2]),
        ("ann@x.edu.ipynb", [2]),
        ("c.roe", [4]),
        ("late_one.zip", [4, 5]),  # a group
        ("Ann Lee", []),
        ("..", []),
        ("", []),
    ],
)
def test_a_folder_or_file_is_somebody_s_by_its_name(people, name, rows):
    assert [person.row for person in people.handed_in(name)] == rows


def test_a_name_that_is_one_s_number_and_another_s_login_is_nobody_s(tmp_path):
    both = roster.read(written(tmp_path, "SID,Login\n1,2\n2,3\n"))
    assert both.handed_in("2") == []
    assert [person.row for person in both.handed_in("3")] == [3]


def test_a_group_is_found_as_a_platform_writes_it(people):
    assert [person.row for person in people.group("team one", lambda name: name.replace(":", ""))] == [2, 3]
    assert people.group("") == []


def test_what_the_roster_leaves_empty_is_as_the_platform_says(people):
    said = Student(name="A.", platform_id="12", email="ann@x.edu")
    merged = roster.merged(people.of(said), said)
    assert merged == Student(name="Ann Lee", sid="007", email="ann@x.edu", login="al", platform_id="12")
