"""What a folder of submissions is: recognised only where it is sure, and whatever names lie in it."""

from __future__ import annotations

import contextlib
import os
import shutil
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader import many
from grader.faults import GraderFault
from grader.gradebook import canvas_names, layouts, moodle_names, platforms, submitters
from grader.gradebook.model import Student

HOSTILE = "=a[b]\x1b[31m\nc\N{RIGHT-TO-LEFT OVERRIDE}d"


def lay(folder, *names: str):
    """Files, and folders by the names that end in a slash; a zip is one."""
    folder.mkdir(exist_ok=True)
    for name in names:
        path = folder / name.rstrip("/")
        if name.endswith("/"):
            path.mkdir()
            (path / "model.py").write_text("")
        elif name.endswith(".zip"):
            with zipfile.ZipFile(path, "w") as file:
                file.writestr("model.py", "")
        else:
            path.write_text("")
    return folder


def roster(folder, text: str):
    path = folder.parent / "class.csv"
    path.write_text(text)
    return path


def summary(found: layouts.Found) -> dict[str, object]:
    """By key what is graded: the name of a path, or the names of single files."""
    return {
        entry.key: entry.path.name if entry.path else {name: path.name for name, path in entry.files.items()}
        for entry in found.entries
    }


def people(found: layouts.Found) -> dict[str, list[str]]:
    return {entry.key: [student.name for student in entry.students] for entry in found.entries}


# -- plain


def test_a_plain_folder_is_as_many_finds_it(tmp_path):
    folder = lay(tmp_path / "in", "ann/", "bo.zip", "cy.ipynb", "notes.txt", ".git/")
    found = layouts.find(folder)
    assert found.layout == "plain"
    assert summary(found) == {"ann": "ann", "bo.zip": "bo.zip", "cy.ipynb": "cy.ipynb"}
    assert all(entry.path.parent == folder and entry.path.is_absolute() for entry in found.entries)
    assert found.skipped == {"notes.txt": "a file, neither a zip nor a notebook", ".git": "hidden"}
    assert found.remarks == []


def test_who_handed_in_is_told_by_the_name_and_counted_without_names(tmp_path):
    folder = lay(tmp_path / "in", "007/", "bo@x.edu.zip", "team/", "eve/")
    path = roster(
        folder,
        "Name,SID,Email,submission\nAnn,007,ann@x.edu,\nBo,8,bo@x.edu,\nCy,9,,team\nDi,10,,team\nFay,11,,\n",
    )
    found = layouts.find(folder, path)
    assert people(found) == {"007": ["Ann"], "bo@x.edu.zip": ["Bo"], "team": ["Cy", "Di"], "eve": []}
    assert [student.name for student in found.absent] == ["Fay"]
    assert found.strangers == ["eve"]
    assert found.remarks == [
        "1 student of the roster without a submission",
        "1 submission that somebody handed in who is not on the roster",
    ]


def test_two_submissions_of_one_student_are_refused(tmp_path):
    folder = lay(tmp_path / "in", "007/", "ann@x.edu.zip")
    with pytest.raises(GraderFault, match="two submissions are of one student, of row 2 of the roster"):
        layouts.find(folder, roster(folder, "SID,Email\n007,ann@x.edu\n"))


def test_a_folder_that_cannot_be_used_is_refused(tmp_path, monkeypatch):
    lay(tmp_path / "in", "all.zip", "model.py")
    with pytest.raises(GraderFault, match=r"all\.zip is a zip: unpack it, and name the folder"):
        layouts.find(tmp_path / "in" / "all.zip")
    with pytest.raises(GraderFault, match=r"model\.py cannot be read: Not a directory"):
        layouts.find(tmp_path / "in" / "model.py")
    with pytest.raises(GraderFault, match="none cannot be read: No such file"):
        layouts.find(tmp_path / "none")
    with pytest.raises(GraderFault, match="there is no folder"):
        layouts.find(tmp_path / "a\0b")
    with pytest.raises(GraderFault, match="no submission in it"):
        layouts.find(lay(tmp_path / "empty"))
    with pytest.raises(GraderFault, match="nothing in it is named as moodle names"):
        layouts.find(tmp_path / "in", layout="moodle")

    def gone(path):
        raise FileNotFoundError(2, "No such file or directory", "x")

    monkeypatch.setattr(many, "not_one", gone)
    for folder in (tmp_path / "in", lay(tmp_path / "canvas", "leeann_12_901_a.py")):
        with pytest.raises(GraderFault, match=f"{folder.name} cannot be read: No such file"):
            layouts.find(folder)


# -- Gradescope

METADATA = """\
---
submission_11:
  :submitters:
  - :name: Ann Lee
    :roles: [{':id': 1}]
    :sid: '007'
    :email: Ann@x.edu
  :created_at: !ruby/object:ActiveSupport::TimeWithZone
    utc: &1 2026-09-04 21:03:57.297916000 Z
    time: *1
  :score: 10.0
  :status: processed
  :results: {tests: [{name: a, output: "x: *y"}]}
submission_12:
  :submitters:
  - :name: Cy Roe
    :sid:
    :email: cy@x.edu
  - :name: "Bo\\n\\u202e Wu"
    :sid: ~
    :email: bo@x.edu
"""


def exported(folder, metadata: str | bytes = METADATA, *names: str):
    lay(folder, *(names or ("submission_11/", "submission_12/")))
    data = metadata if isinstance(metadata, bytes) else metadata.encode()
    (folder / "submission_metadata.yml").write_bytes(data)
    return folder


def test_of_gradescope_a_submission_is_known_by_its_students(tmp_path):
    found = layouts.find(exported(tmp_path / "in"))
    assert (found.layout, found.skipped) == ("gradescope", {})
    assert summary(found) == {"ann@x.edu": "submission_11", "bo@x.edu, cy@x.edu": "submission_12"}
    ann, group = found.entries
    assert ann.students == [Student(name="Ann Lee", sid="007", email="Ann@x.edu")]
    assert group.students == [
        Student(name="Cy Roe", email="cy@x.edu"),
        Student(name="Bo Wu", email="bo@x.edu"),
    ]


def test_of_gradescope_the_folder_in_its_zip_is_found(tmp_path):
    (tmp_path / "in").mkdir()
    exported(tmp_path / "in" / "assignment_5_export")
    assert len(layouts.find(tmp_path / "in").entries) == 2
    (tmp_path / "in" / "assignment_5_export").rename(tmp_path / "in" / "ann")  # a student's, for all we know
    found = layouts.find(tmp_path / "in")
    assert (found.layout, summary(found)) == ("plain", {"ann": "ann"})


def test_of_gradescope_what_is_not_listed_or_not_there_is_told(tmp_path):
    folder = exported(tmp_path / "in", METADATA, "submission_11/", "late/", "notes.txt", ".x/")
    found = layouts.find(folder)
    assert summary(found) == {"ann@x.edu": "submission_11", "late": "late"}
    assert found.skipped == {
        "submission_12": "named in submission_metadata.yml, but not there",
        "notes.txt": "a file, neither a zip nor a notebook",
        ".x": "hidden",
    }
    assert layouts.find(folder, layout="plain").layout == "plain"


def test_of_gradescope_names_in_the_file_lead_nowhere(tmp_path):
    outside = lay(tmp_path / "outside", "secret/")
    metadata = f"../outside/secret: {{}}\n{outside}: {{}}\n..: {{}}\nsubmission_11: {{}}\n"
    found = layouts.find(exported(tmp_path / "in", metadata, "submission_11/"))
    assert summary(found) == {"submission_11": "submission_11"}
    assert len(found.skipped) == 3


def test_of_gradescope_without_addresses_a_number_has_to_do(tmp_path):
    metadata = (
        "submission_11: {':submitters': [{':name': A, ':sid': '7'}]}\n"
        "submission_12: {':submitters': [{':name': B}]}\n"
    )
    assert list(summary(layouts.find(exported(tmp_path / "in", metadata)))) == ["7", "submission_12"]


def test_of_gradescope_two_of_the_same_students_are_refused(tmp_path):
    metadata = "".join(
        f"submission_{number}: {{':submitters': [{{':email': {email}}}]}}\n"
        for number, email in ((11, "a@x"), (12, "A@x"))
    )
    with pytest.raises(GraderFault, match="1 submission of the same people as another one"):
        layouts.find(exported(tmp_path / "in", metadata))


def test_of_gradescope_a_file_of_another_folder_makes_it_plain(tmp_path):
    assert layouts.find(exported(tmp_path / "in", METADATA, "ann/")).layout == "plain"


def test_of_gradescope_the_roster_knows_more_of_them(tmp_path):
    folder = exported(tmp_path / "in")
    found = layouts.find(folder, roster(folder, "Student,ID,SIS Login ID,Email\nLee A,12,al,ann@x.edu\n"))
    ann, group = found.entries
    assert ann.students == [Student(name="Lee A", sid="007", email="ann@x.edu", login="al", platform_id="12")]
    assert [student.name for student in group.students] == ["Cy Roe", "Bo Wu"]
    assert found.strangers == [group.key]


BOMB = "a: &a [x, x, x, x]\nb: &b [*a, *a, *a, *a]\nc: &c [*b, *b, *b, *b]\n"


@pytest.mark.parametrize(
    ("metadata", "said"),
    [
        ("submission_11: {':submitters': [{':name': &x A}]}\nsubmission_12: {':submitters': *x}\n", "alias"),
        (
            "submission_11: {':submitters': [{':name': &x A, ':sid': *x}]}\n",
            "an alias, which is not followed",
        ),
        (BOMB + "submission_11: *c\n", "what should be a submission is something else"),
        ("submission_11: {':results': " + "[" * 100_000, "nested deeper than"),
        ("submission_11: {':submitters': [x]}\n", "what should be submitters"),
        ("submission_11: {':submitters': [{':name': [x]}]}\n", "what should be a name"),
        ("submission_11: {':submitters': x}\n", "what should be submitters is something else"),
        ("submission_11: {}\nsubmission_11: {}\n", "submission_11 stands there twice"),
        ("[a]: {}\n", "a key is no text"),
        ("- a\n", "what should be submissions is something else"),
        ("", "it ends too early"),
        ("a: 'b\n", "it is no YAML"),
        (b"submission_11: {':submitters': [{':name': \xff}]}\n", "it is no YAML"),
        (b"submission_11: \0\n", "it is no YAML"),
    ],
)
def test_of_gradescope_a_file_that_cannot_be_used_is_refused(tmp_path, metadata, said):
    with pytest.raises(
        GraderFault, match=r"^submission_metadata\.yml cannot be used: .*--layout plain"
    ) as fault:
        layouts.find(exported(tmp_path / "in", metadata))
    assert said in str(fault.value)


def test_of_gradescope_a_file_without_end_is_refused(tmp_path, monkeypatch):
    folder = exported(tmp_path / "in")
    monkeypatch.setattr(submitters, "MAX_EVENTS", 20)
    with pytest.raises(GraderFault, match="more than 20 things"):
        layouts.find(folder)
    monkeypatch.setattr(submitters, "MAX_BYTES", 20)
    with pytest.raises(GraderFault, match="larger than 0 MiB"):
        layouts.find(folder)
    with pytest.raises(GraderFault, match="cannot be used: Is a directory"):
        submitters.read(folder)


def test_of_gradescope_pyyaml_s_slow_parser_reads_the_same(tmp_path, monkeypatch):
    path = exported(tmp_path / "in") / "submission_metadata.yml"
    fast = submitters.read(path)
    monkeypatch.setattr(submitters, "Loader", submitters.yaml.SafeLoader)
    assert submitters.read(path) == fast


@settings(deadline=None)  # files are written
@given(st.one_of(st.binary(max_size=200), st.text("abx:&*[]{}-!?|>'\"\n #%~", max_size=200).map(str.encode)))
def test_of_gradescope_no_bytes_do_anything_but_be_read_or_refused(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "any.yml"
    path.write_bytes(data)
    with contextlib.suppress(GraderFault):
        submitters.read(path)


# -- Canvas


def test_of_canvas_files_of_one_user_are_one_submission(tmp_path):
    folder = lay(
        tmp_path / "in",
        "leeann_12_901_flow.py",
        "leeann_12_902_loss-1.py",
        "roebo_LATE_13_903_hw.zip",
        "wucy_14_904_p1.ipynb",
        "elkdi_15_905_flow.py",
        "foxeve_16_text.html",
        "foxeve_LATE_17_link.html",
    )
    found = layouts.find(folder)
    assert found.layout == "canvas"
    assert summary(found) == {
        "12": {"flow.py": "leeann_12_901_flow.py", "loss.py": "leeann_12_902_loss-1.py"},
        "13": "roebo_LATE_13_903_hw.zip",
        "14": "wucy_14_904_p1.ipynb",
        "15": {"flow.py": "elkdi_15_905_flow.py"},
    }
    assert [entry.late for entry in found.entries] == [False, True, False, False]
    assert found.entries[0].students == [Student(name="leeann", platform_id="12")]
    assert set(found.skipped.values()) == {platforms.TYPED}
    assert all(path.is_absolute() for entry in found.entries for path in entry.files.values())


def test_of_canvas_the_newest_of_one_name_wins(tmp_path):
    folder = lay(
        tmp_path / "in", "leeann_12_1001_flow-2.py", "leeann_12_999_flow.py", "leeann_12_1000_a-b.py"
    )
    found = layouts.find(folder)
    assert summary(found) == {
        "12": {"flow.py": "leeann_12_1001_flow-2.py", "a-b.py": "leeann_12_1000_a-b.py"}
    }
    assert found.skipped == {"leeann_12_999_flow.py": platforms.EARLIER}
    (tmp_path / "in" / "leeann_12_1000_a-b.py").unlink()
    (tmp_path / "in" / "leeann_12_1001_flow-2.py").rename(tmp_path / "in" / "leeann_12_1001_hw.zip")
    lay(folder, "leeann_12_1002_hw-1.zip")
    (folder / "leeann_12_999_flow.py").unlink()
    # One user with two archives could as well be a plain folder.
    assert layouts.find(folder).layout == "plain"
    assert summary(layouts.find(folder, layout="canvas")) == {"12": "leeann_12_1002_hw-1.zip"}


def test_of_canvas_grading_is_anonymous(tmp_path):
    folder = lay(
        tmp_path / "in", "anon_Ab3dE_901_flow.py", "LATE_anon_xyz12_902_hw.zip", "anon_12345_text.html"
    )
    found = layouts.find(folder)
    assert found.layout == "canvas"
    assert summary(found) == {
        "anon_Ab3dE": {"flow.py": "anon_Ab3dE_901_flow.py"},
        "anon_xyz12": "LATE_anon_xyz12_902_hw.zip",
    }
    assert [entry.late for entry in found.entries] == [False, True]
    assert people(found) == {"anon_Ab3dE": [], "anon_xyz12": []}


def test_of_canvas_a_group_s_name_stands_for_its_members(tmp_path):
    folder = lay(tmp_path / "in", "team_12_901_flow.py", "roebo_14_902_flow.py")
    text = "name,canvas_user_id,login_id,group_name\nAnn,12,al,Te-am\nBo,13,bl,Te-am\nCy,14,cl,\n"
    found = layouts.find(folder, roster(folder, text))
    assert people(found) == {"12": ["Ann", "Bo"], "14": ["Cy"]}
    assert found.remarks == []


def test_of_canvas_somebody_else_s_group_is_not_joined_by_its_name(tmp_path):
    folder = lay(tmp_path / "in", "team_14_901_flow.py")
    text = "name,canvas_user_id,login_id,group_name\nAnn,12,al,Team\nCy,14,cl,\n"
    assert people(layouts.find(folder, roster(folder, text))) == {"14": ["Cy"]}


def test_of_canvas_a_name_has_to_do_where_the_roster_has_no_numbers(tmp_path):
    folder = lay(tmp_path / "in", "leeann_12_901_a.py", "roecy_13_902_a.py", "roecy_14_903_a.py")
    found = layouts.find(folder, roster(folder, 'Name,SID\n"Lee, Ann",7\n"Roe, Cy",8\n'))
    assert people(found) == {"12": ["Lee, Ann"], "13": ["roecy"], "14": ["roecy"]}
    assert "1 submission known by nothing but a full name" in found.remarks


TWO_WAYS = "van_der_berg_12_34_56_x.py"


@pytest.mark.parametrize(
    ("rows", "user", "file"),
    [
        ("", "12", "56_x.py"),  # as Canvas itself reads it
        ('"Berg, Van",99', "12", "56_x.py"),
        ('"Berg, Van",34', "12", "56_x.py"),  # a number of a file's name can be anybody's
        ('"Berg, Van",12\n"Roe, Bo",34', "12", "56_x.py"),
        ('"van_der_berg_12",34', "34", "x.py"),
        ('"Roe, Bo",12\n"van_der_berg_12",34', "34", "x.py"),  # somebody with another's number in the name
        ('"van_der_berg",12\n"Roe, Bo",34', "12", "56_x.py"),
    ],
)
def test_of_canvas_the_roster_decides_between_two_ways_to_read_a_name(tmp_path, rows, user, file):
    folder = lay(tmp_path / "in", TWO_WAYS)
    path = roster(folder, f"Student,ID\n{rows}\n") if rows else None
    found = layouts.find(folder, path)
    assert summary(found) == {user: {file: TWO_WAYS}}


def test_of_canvas_a_group_of_the_roster_decides_too(tmp_path):
    folder = lay(tmp_path / "in", "team_12_34_56_x.py")
    found = layouts.find(
        folder, roster(folder, "name,canvas_user_id,group_name\nAnn,34,Team_12\nBo,35,Team_12\n")
    )
    assert people(found) == {"34": ["Ann", "Bo"]}


def test_of_canvas_one_number_behind_two_names_is_refused(tmp_path):
    folder = lay(tmp_path / "in", "leeann_12_901_flow.py", "foo_12_34_902_flow.py", "roebo_34_903_flow.py")
    with pytest.raises(GraderFault, match="the user number 12 stands behind several names"):
        layouts.find(folder)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["leeann_12_901_hw.zip", "grades.csv"], "1 of 2 entries do not fit"),
        (["p1_2026_11_ann.zip", "p1_2026_11_bo.zip"], "some have one attachment's number"),
        (["hw_1_11_a.zip", "hw_2_12_b.zip", "hw_3_13_c.zip"], "most have one name"),
        (["hw_20261123_101500_ann.zip", "hw_20261123_101501_bo.zip"], "most users have several archives"),
    ],
)
def test_of_canvas_names_that_may_be_a_person_s_own_make_it_plain(tmp_path, names, said):
    folder = lay(tmp_path / "in", *names)
    found = layouts.find(folder)
    assert found.layout == "plain"
    assert found.remarks == [
        f"it looks like what canvas exports, but {said}: it is read as a plain folder. If it is an export, "
        "say --layout canvas"
    ]
    assert layouts.find(folder, layout="canvas").layout == "canvas"


def test_of_canvas_the_hint_is_given_where_a_plain_folder_has_no_submission(tmp_path):
    folder = lay(tmp_path / "in", "leeann_12_901_flow.py", "grades.csv")
    with pytest.raises(GraderFault, match=r"no submission in it(?s:.*)say --layout canvas"):
        layouts.find(folder)
    found = layouts.find(folder, layout="canvas")
    assert found.skipped == {"grades.csv": "not named as canvas names what it exports"}


def test_of_canvas_nothing_but_files_that_a_folder_can_hold_is_taken(tmp_path):
    long = "x" * 210 + ".py"
    folder = lay(
        tmp_path / "in",
        "leeann_12_901_a.py",
        "leeann_12_902_..",
        "leeann_12_903_.hidden",
        f"leeann_12_904_{long}",
        "leeann_12_905_b/",
    )
    os.mkfifo(folder / "leeann_12_906_pipe")
    (folder / "leeann_12_907_link").symlink_to("/etc/passwd")
    found = layouts.find(folder)
    assert summary(found) == {"12": {"a.py": "leeann_12_901_a.py"}}
    assert found.skipped == {
        "leeann_12_902_..": "hidden",
        "leeann_12_903_.hidden": "hidden",
        f"leeann_12_904_{long}": "its name is longer than 200 bytes",
        "leeann_12_905_b": "a folder beside other files of one submission",
        "leeann_12_906_pipe": "a pipe",
        "leeann_12_907_link": "a link",
    }


def test_of_canvas_an_archive_that_was_unpacked_in_its_place_is_one_submission(tmp_path):
    found = layouts.find(lay(tmp_path / "in", "leeann_12_901_hw/", "roebo_13_902_a.py"))
    assert summary(found) == {"12": "leeann_12_901_hw", "13": {"a.py": "roebo_13_902_a.py"}}


def test_of_canvas_texts_alone_are_no_submission(tmp_path):
    with pytest.raises(GraderFault, match=r"no submission in it\nleeann_12_text.html: typed in"):
        layouts.find(lay(tmp_path / "in", "leeann_12_text.html"))
    lay(tmp_path / "in", "ann/")
    assert layouts.find(tmp_path / "in").layout == "plain"


@pytest.mark.parametrize(
    "name",
    [
        "leeann_12_flow.py",
        "leeann_012_901_flow.py",
        "lee ann_12_901_flow.py",
        "lee\n_12_901_flow.py",
        "leeann_12_901_",
        "leeann_\N{ARABIC-INDIC DIGIT ONE}_901_flow.py",
        f"leeann_{'9' * 21}_901_flow.py",
        "12_901_flow.py",
        "anon_Ab0dE_901_flow.py",  # base58 has no 0
    ],
)
def test_of_canvas_other_names_are_not_its_own(name):
    assert canvas_names.uploaded(name, False, None) is None
    assert canvas_names.uploaded(name, True, None) is None


def test_of_canvas_names_of_any_script_are_read():
    uploaded = canvas_names.uploaded("m\u00fcller\u674e_12_901_a_b 1.py", False, None)
    assert (uploaded.student, uploaded.file) == ("m\u00fcller\u674e", "a_b 1.py")
    assert canvas_names.written("M\u00fcller, \u674e-O'Neil 2_3_4") == "m\u00fcller\u674eoneil234"


# -- Moodle


def test_of_moodle_folders_of_old_and_new_versions_are_read(tmp_path):
    folder = lay(
        tmp_path / "in",
        "Ann Lee_101_assignsubmission_file_/",
        "Bo O'Wu_102_assignsubmission_file/",
        "Bo O'Wu_102_assignsubmission_onlinetext/",
        "Cy Roe_103_assignsubmission_file/",
        "Cy Roe_104_assignsubmission_file/",  # two of one name
        "Cy Roe_105_assignsubmission_github/",
    )
    (folder / "Cy Roe_103_assignsubmission_file" / "model.py").unlink()
    lay(folder / "Cy Roe_103_assignsubmission_file", "hw.zip", ".x")
    found = layouts.find(folder)
    assert found.layout == "moodle"
    assert summary(found) == {
        "Ann Lee_101": "Ann Lee_101_assignsubmission_file_",
        "Bo O'Wu_102": "Bo O'Wu_102_assignsubmission_file",
        "Cy Roe_103": "hw.zip",
        "Cy Roe_104": "Cy Roe_104_assignsubmission_file",
    }
    assert found.entries[0].students == [Student(name="Ann Lee")]  # the number is of this assignment alone
    assert found.skipped == {
        "Bo O'Wu_102_assignsubmission_onlinetext": platforms.TYPED,
        "Cy Roe_105_assignsubmission_github": "of the plugin github",
    }


def test_of_moodle_files_side_by_side_are_read(tmp_path):
    folder = lay(
        tmp_path / "in",
        "Ann Lee_101_assignsubmission_file_flow.py",
        "Ann Lee_101_assignsubmission_file_a_b_1_2.py",
        "Ann Lee_101_assignsubmission_onlinetext_onlinetext.html",
        "Bo Wu_102_assignsubmission_file_hw.zip",
        "Default group_assignsubmission_file_flow.py",
    )
    (folder / "Cy Roe_103_assignsubmission_file_link.py").symlink_to("/etc/passwd")
    found = layouts.find(folder)
    assert summary(found) == {
        "Ann Lee_101": {
            "flow.py": "Ann Lee_101_assignsubmission_file_flow.py",
            "a_b_1_2.py": "Ann Lee_101_assignsubmission_file_a_b_1_2.py",
        },
        "Bo Wu_102": "Bo Wu_102_assignsubmission_file_hw.zip",
        "Default group": {"flow.py": "Default group_assignsubmission_file_flow.py"},
    }
    assert found.skipped["Cy Roe_103_assignsubmission_file_link.py"] == "a link"


def test_of_moodle_who_it_is_is_told_by_number_group_or_a_name_of_one_alone(tmp_path):
    names = ("Ann Lee_101", "Bo OWu_102", "Team A_7", "Cy Roe_103", "Cy Roe_104", "Di Elk_105")
    folder = lay(tmp_path / "in", *(f"{name}_assignsubmission_file/" for name in names))
    text = (
        "Identifier,Full name,Email address,ID number,Group\n"
        "Participant 101,A. Lee,ann@x.edu,1,\n"
        ",Bo O'Wu,,2,\n"
        ",Fay,fay@x.edu,,Team_A\n,Gil,gil@x.edu,,Team_A\n"
        ",Cy Roe,cy@x.edu,,\n"
    )
    found = layouts.find(folder, roster(folder, text))
    assert people(found) == {
        "ann@x.edu": ["A. Lee"],
        "2": ["Bo O'Wu"],
        "Team A_7": ["Fay", "Gil"],
        "Cy Roe_103": ["Cy Roe"],
        "Cy Roe_104": ["Cy Roe"],
        "Di Elk_105": ["Di Elk"],
    }
    assert [student.name for student in found.absent] == ["Cy Roe"]
    assert found.strangers == ["Cy Roe_103", "Cy Roe_104", "Di Elk_105"]
    assert "1 submission known by nothing but a full name" in found.remarks


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (
            ("Ann_1_assignsubmission_file_a.py", "Bo_1_assignsubmission_file_b.py"),
            "stands behind several names",
        ),
        (("Ann_1_assignsubmission_file/", "Ann_1_assignsubmission_file_/"), "has several submissions"),
        (("Ann_1_assignsubmission_file/", "Ann_1_assignsubmission_file_a.py"), "has several submissions"),
    ],
)
def test_of_moodle_one_number_twice_is_refused(tmp_path, names, said):
    with pytest.raises(GraderFault, match=f"what moodle exports, but the number 1 {said}"):
        layouts.find(lay(tmp_path / "in", *names))


def test_of_moodle_one_entry_of_another_name_makes_it_plain(tmp_path):
    folder = lay(tmp_path / "in", "Ann_1_assignsubmission_file/", "bo/")
    found = layouts.find(folder)
    assert (found.layout, len(found.entries)) == ("plain", 2)
    assert found.remarks == [
        "it looks like what moodle exports, but 1 of 2 entries do not fit: it is read as a plain folder. If "
        "it is an export, say --layout moodle"
    ]
    forced = layouts.find(folder, layout="moodle")
    assert summary(forced) == {"Ann_1": "Ann_1_assignsubmission_file"}
    assert forced.skipped == {"bo": "not named as moodle names what it exports"}


def test_of_moodle_a_folder_that_cannot_be_read_is_left_to_whoever_grades_it(tmp_path):
    assert platforms._inner(tmp_path / "none") == tmp_path / "none"


# -- any names


@pytest.mark.parametrize(
    "name",
    [
        f"{HOSTILE}_12_assignsubmission_file/",
        f"{HOSTILE}/",
        f"{'a' * 230}_1_assignsubmission_x/",
        "=cmd|' c calc'!A1_1_assignsubmission_file/",
        os.fsdecode(b"\xff_1_assignsubmission_file/"),
        "van_der_berg_12_34_56_x.zip",
        f"anon_Ab3dE_9_{HOSTILE}.zip",
    ],
)
def test_hostile_names_become_printable_keys(tmp_path, name):
    with contextlib.suppress(GraderFault):
        found = layouts.find(lay(tmp_path / "in", name))
        for text in (*summary(found), *found.skipped, *found.remarks):
            assert text.isprintable()
            assert len(text) < 350
            text.encode()
        for entry in found.entries:
            assert all(student.name.isprintable() for student in entry.students)
            for file, path in entry.files.items():
                assert path.parent == tmp_path / "in"
                assert "/" not in file


PARTS = (
    "ann _ LATE anon Ab3dE 12 7 assignsubmission file onlinetext .py .zip -1 text.html .. = "
    "submission_metadata.yml \N{RIGHT-TO-LEFT OVERRIDE} \udcff 999999999999999999999999999999"
)
WORDS = st.sampled_from([*PARTS.split(" "), " ", "\n"])
NAMES = st.one_of(st.lists(WORDS, max_size=9).map("".join), st.text(max_size=40))


@settings(deadline=None)  # files are written
@given(st.dictionaries(NAMES, st.sampled_from(["file", "folder", "link"]), max_size=5), st.data())
def test_no_names_do_anything_but_be_found_or_refused(tmp_path_factory, named, data):
    base = tmp_path_factory.getbasetemp() / "names"
    shutil.rmtree(base, ignore_errors=True)
    folder = base / "in"
    folder.mkdir(parents=True)
    for name, kind in named.items():
        with contextlib.suppress(OSError, ValueError):
            if kind == "folder":
                (folder / name).mkdir()
            elif kind == "link":
                (folder / name).symlink_to(base)
            elif "/" not in name and name:
                (folder / name).write_bytes(b"PK\3\4")
    path = roster(folder, "Student,ID,Group\nAnn,12,ann\nBo,7,ann\n")
    layout = data.draw(st.sampled_from([None, "plain", "gradescope", "canvas", "moodle"]))
    try:
        found = layouts.find(folder, data.draw(st.sampled_from([None, path])), layout)
    except GraderFault:
        return
    keys = [entry.key for entry in found.entries]
    assert len(keys) == len(set(keys)) > 0
    assert all(key and key.isprintable() for key in keys)
    for entry in found.entries:
        assert (entry.path is None) is bool(entry.files)
        for file, place in entry.files.items():
            assert place.parent == folder
            assert file not in ("", ".", "..")
            assert "/" not in file


def test_moodle_s_clean_names():
    assert moodle_names.written('A_B: "O\'Neil" <x>/\x07') == "A B ONeil x"
