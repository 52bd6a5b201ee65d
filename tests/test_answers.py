"""Free-text answers are collected into one table for manual grading."""

from __future__ import annotations

import csv
import io
import json

import pytest

from grader.cells import PROMPT
from grader.config import Course
from grader.faults import GraderFault
from grader.release.answers import collect, sections, to_csv, to_markdown, without_rubrics

TEMPLATE = """# Answers

At most 60 words each.

## q1.why: Why does it fall?

<!-- 0: nothing; 1: names the cause;
2: and says what follows -->

Your answer:

## q1.how

## Notes
"""

TOML = """
title = "One"
files = ["work.py"]
[questions."{id}.why"]
title = "Why"
file = "work.py"
minutes = 5
review = "Read again."
"""


@pytest.mark.parametrize(
    ("template", "handed_out"),
    [
        ("# A\n<!--\nUse your runs.\n2: all\n   of it\n1: some\n-->\n", "# A\n<!--\nUse your runs.\n-->\n"),
        ("<!-- 60 words. 0: nothing. 1: all -->\n## B\n<!-- 0: x -->", "<!-- 60 words. -->\n## B\n<!-- -->"),
        ("2: outside of a comment\n<!-- at 12:30 -->", "2: outside of a comment\n<!-- at 12:30 -->"),
    ],
)
def test_a_student_sees_what_is_asked_and_not_how_it_is_marked(template, handed_out):
    assert without_rubrics(template) == handed_out


@pytest.fixture
def course(tmp_path):
    for assignment_id in ("q1", "q2"):
        folder = tmp_path / "course" / "assignments" / assignment_id
        folder.mkdir(parents=True)
        folder.joinpath("assignment.toml").write_text(TOML.format(id=assignment_id))
        folder.joinpath("answers.md").write_text(TEMPLATE.replace("q1.", f"{assignment_id}."))
    return Course(tmp_path / "course")


@pytest.fixture
def submissions(tmp_path):
    folder = tmp_path / "class"
    folder.mkdir()
    return folder


def filled(why: str, how: str = "", assignment_id: str = "q1") -> str:
    text = TEMPLATE.replace("q1.", f"{assignment_id}.")
    return text.replace("Your answer:", f"Your answer:\n\n{why}").replace(".how\n", f".how\n\n{how}\n")


def hand_in(folder, text):
    folder.mkdir(parents=True, exist_ok=True)
    folder.joinpath("answers.md").write_bytes(text if isinstance(text, bytes) else text.encode())


def test_sections_are_found_by_the_id_in_their_heading():
    found = sections(TEMPLATE)
    assert list(found) == ["q1.why", "q1.how"]
    assert [line for line in found["q1.why"] if line] == ["Your answer:"]


def test_only_the_students_own_words_are_collected(course, submissions):
    hand_in(submissions / "ann", filled("The slope is\nnegative.", "By steps."))
    rows = collect(course, submissions)
    assert [(row.submission, row.question, row.text) for row in rows] == [
        ("ann", "q1.why", "The slope is\nnegative."),
        ("ann", "q1.how", "By steps."),
    ]
    assert [row.words for row in rows] == [4, 2]


@pytest.mark.parametrize("inside", [".", "q1", "upload/q1", "a/b/q1"])
def test_answers_are_found_where_a_submission_may_hold_them(course, submissions, inside):
    hand_in(submissions / "ann" / inside, filled("Because."))
    assert [row.text for row in collect(course, submissions)] == ["Because.", ""]


def test_two_assignments_of_one_submission_are_told_apart_by_id(course, submissions):
    hand_in(submissions / "ann" / "q1", filled("One."))
    hand_in(submissions / "ann" / "q2", filled("Two.", assignment_id="q2"))
    rows = collect(course, submissions)
    assert [(row.question, row.text) for row in rows if row.text] == [("q1.why", "One."), ("q2.why", "Two.")]


def test_a_single_submission_is_taken_as_such(course, submissions):
    hand_in(submissions / "q1", filled("Because."))
    assert [row.submission for row in collect(course, submissions)] == ["class", "class"]


def test_a_submission_without_answers_cannot_be_overlooked(course, submissions):
    (submissions / "bob").mkdir()
    rows = collect(course, submissions)
    assert [row.question for row in rows] == ["q1.why", "q1.how", "q2.why", "q2.how"]
    assert not any(row.text for row in rows)


def in_notebook(*cells: str) -> bytes:
    made = [{"cell_type": "markdown", "metadata": {}, "source": cell} for cell in cells]
    return json.dumps({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()


ASKED = "<!-- answers.md: handed in -->\n\n#### {}\n<!-- 60 words. -->\n\n" + PROMPT + "\n{}"


def test_answers_in_a_notebook_are_collected_from_the_cells_that_ask(course, submissions):
    """Not from the handout, which has the questions' ids in its headings too."""
    folder = submissions / "ann" / "q1"
    folder.mkdir(parents=True)
    handout = "#### q1.why (5 points)\n\nThe handout."
    answers = [
        ASKED.format("q1.why: Why does it fall?", "It is\nnegative."),
        ASKED.format("q1.how", "By steps."),
    ]
    (folder / "mine.ipynb").write_bytes(in_notebook(handout, *answers))
    (folder / "answers.md").write_text(TEMPLATE)  # untouched, beside it
    (submissions / "bob").mkdir()
    (submissions / "bob" / "q1.ipynb").write_bytes(b"no notebook")
    rows = {(row.submission, row.question): row.text for row in collect(course, submissions)}
    assert rows["ann", "q1.why"] == "It is\nnegative."
    assert rows["ann", "q1.how"] == "By steps."
    assert rows["bob", "q1.why"] == ""
    single = collect(course, submissions / "ann")
    assert [row.text for row in single if row.question == "q1.why"] == ["It is\nnegative."]


@pytest.mark.parametrize(
    ("heading", "question"),
    [
        ("A2 Choose one of three plans. Why?", "A2"),
        ("A1.5 What becomes of it?", "A1.5"),
        ("p5.x: Why?", "p5.x"),
    ],
)
def test_the_ids_of_the_documents_questions_are_understood(heading, question):
    assert list(sections(f"# Answers\n## {heading}\nBecause.\n## Notes\nNone.")) == [question]


def test_the_word_limit_is_flagged_and_nothing_is_cut(course, submissions):
    hand_in(submissions / "ann", filled(" ".join(["word"] * 61), " ".join(["word"] * 60)))
    over, within = collect(course, submissions)
    assert (over.words, over.over_limit) == (61, True)
    assert (within.words, within.over_limit) == (60, False)


def test_other_encodings_and_huge_files_are_read_without_harm(course, submissions):
    hand_in(submissions / "bom", b"\xef\xbb\xbf" + filled("Because.").replace("\n", "\r\n").encode())
    hand_in(submissions / "latin", filled("na\u00efve").encode("latin-1"))
    hand_in(submissions / "much", filled("x" * 10_000_000))
    rows = {row.submission: row for row in collect(course, submissions) if row.question == "q1.why"}
    assert rows["bom"].text == "Because."
    assert rows["latin"].text == "na\ufffdve"
    assert len(rows["much"].text) < 70_000


def test_a_link_is_never_followed(course, submissions, tmp_path):
    (tmp_path / "secret.md").write_text(filled("A secret."))
    (submissions / "eve").mkdir()
    (submissions / "eve" / "answers.md").symlink_to(tmp_path / "secret.md")
    (tmp_path / "folder").mkdir()
    hand_in(tmp_path / "folder", filled("Another."))
    (submissions / "eve" / "q1").symlink_to(tmp_path / "folder")
    assert not any(row.text for row in collect(course, submissions))


def test_csv_has_an_empty_rubric_column_and_no_formula(course, submissions):
    hand_in(submissions / "ann", filled('=HYPERLINK("x")', 'He said "no", twice.'))
    rows = list(csv.DictReader(io.StringIO(to_csv(collect(course, submissions)))))
    assert [row["answer"] for row in rows] == ['\'=HYPERLINK("x")', 'He said "no", twice.']
    assert {row["rubric"] for row in rows} == {""}


def test_markdown_keeps_its_columns_whatever_is_written(course, submissions):
    hand_in(submissions / "ann", filled("a | b\n<script>`x`"))
    table = to_markdown(collect(course, submissions)).splitlines()
    assert table[2] == "| ann | q1.why | 4 |  | a \\| b<br>&lt;script>\\`x\\` |  |"
    assert len(table) == 4


def test_nothing_to_collect_is_said_plainly(course, submissions, tmp_path):
    with pytest.raises(GraderFault, match="no such folder"):
        collect(course, tmp_path / "absent")
    with pytest.raises(GraderFault, match="no submission in it"):
        collect(course, submissions)
    for path in course.root.rglob("answers.md"):
        path.unlink()
    with pytest.raises(GraderFault, match=r"no assignment of .* has an answers\.md"):
        collect(course, submissions)
