"""Collects the free-text answers of submissions into one table for manual grading.

A student writes below the headings of ``answers.md``, each of which carries a question's id, or into cells
of a notebook that hold the same. What the template itself says there, its comments included, is no part of an
answer.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.cells import ANSWER, PROMPT, SUFFIX, NotebookError, read
from grader.config import Course
from grader.faults import GraderFault
from grader.handed_in import MAX_FILE_BYTES

FILE = "answers.md"
WORD_LIMIT = 60
BYTE_LIMIT = 64 * 1024  # of one file: a thousand words for each question of the longest assignment
DEPTH = 3  # folders between a submission's own and its answers.md: an unpacked zip, the assignment
COLUMNS = ("submission", "question", "words", "over_limit", "answer", "rubric")

HEADING = re.compile(r"#{1,6}\s+(?P<title>.*\S)\s*")
ID = re.compile(r"\A[A-Z][0-9]+\b(?!\.\w)|\b[A-Za-z_]\w*\.\w+\b")  # of a heading: A2, A2.1, p5.plateau
RUBRIC = re.compile(r"\s*(?<!\S)[0-9]+: .*?(?=\s*-->)", re.DOTALL)  # in a comment, from "2: ..." to its end
COMMENT = re.compile(r"<!--.*?(-->|\Z)", re.DOTALL)
# A spreadsheet would take a cell that starts so for a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Answer:
    """What one submission says to one question; empty text where it says nothing."""

    submission: str
    question: str
    text: str

    @property
    def words(self) -> int:
        return len(self.text.split())

    @property
    def over_limit(self) -> bool:
        return self.words > WORD_LIMIT


def without_rubrics(template: str) -> str:
    """The template as students get it: what is asked, and not how it is marked."""
    return COMMENT.sub(lambda comment: RUBRIC.sub("", comment[0]), template)


def collect(course: Course, folder: Path) -> list[Answer]:
    """The answers in ``folder``, a class's submissions or a single one, a row per submission and question.

    A submission gets a row for every question of each assignment that it answers at all; one without any
    answers.md gets rows of empty answers for the whole course, so that it cannot be overlooked.

    :raises GraderFault: no such folder, nothing in it, or no assignment of the course asks for free text.
    """
    if not folder.is_dir():
        raise GraderFault(f"{folder}: no such folder")
    templates = {}
    for assignment_id in course.assignments():
        path = course.assignment(assignment_id).folder / FILE
        if path.is_file():
            templates[assignment_id] = sections(path.read_text(encoding="utf-8"))
    if not any(templates.values()):
        raise GraderFault(f"no assignment of {course.root} has an {FILE} with a question's id in a heading")
    near = [folder, *(folder / name for name in templates if (folder / name).is_dir())]
    single = any(_may_answer(path) and path.is_file() for place in near for path in place.iterdir())
    submissions = [folder] if single else sorted(path for path in folder.iterdir() if _is_folder(path))
    if not submissions:
        raise GraderFault(f"{folder}: no submission in it")
    return [answer for submission in submissions for answer in _of_submission(submission, templates)]


def sections(text: str) -> dict[str, list[str]]:
    """Question id -> the lines under the heading that carries it; other headings' text belongs to none."""
    found: dict[str, list[str]] = {}
    current: list[str] | None = None
    for line in COMMENT.sub("", text).splitlines():
        if heading := HEADING.fullmatch(line.strip()):
            question = ID.search(heading["title"])
            current = found.setdefault(question[0], []) if question else None
        elif current is not None:
            current.append(line.strip())
    return found


def to_csv(answers: Sequence[Answer]) -> str:
    """The table as CSV with an empty rubric column."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for answer in answers:
        shown = f"'{answer.text}" if answer.text.startswith(FORMULA) else answer.text
        flag = "over" if answer.over_limit else ""
        writer.writerow([answer.submission, answer.question, answer.words, flag, shown, ""])
    return text.getvalue()


def to_markdown(answers: Sequence[Answer]) -> str:
    """The table as Markdown with an empty rubric column."""
    lines = ["| " + " | ".join(COLUMNS) + " |", "|" + " --- |" * len(COLUMNS)]
    for answer in answers:
        flag = "over" if answer.over_limit else ""
        cells = [answer.submission, answer.question, str(answer.words), flag, answer.text, ""]
        lines.append("| " + " | ".join(map(_cell, cells)) + " |")
    return "\n".join(lines) + "\n"


def _of_submission(folder: Path, templates: dict[str, dict[str, list[str]]]) -> Iterator[Answer]:
    given: dict[str, list[str]] = {}
    for path in _answer_files(folder, DEPTH):
        for text in _texts(path):
            for question, lines in sections(text).items():
                given.setdefault(question, []).extend(lines)
    for template in templates.values():
        if given and not given.keys() & template.keys():
            continue
        for question, printed in template.items():
            own = [line for line in given.get(question, []) if line and line not in (*printed, PROMPT)]
            yield Answer(folder.name, question, "\n".join(own))


def _answer_files(folder: Path, depth: int) -> Iterator[Path]:
    """The answers.md files and notebooks of a submission; a link could point at any file of this machine and
    is left."""
    for path in sorted(folder.iterdir()):
        if _may_answer(path) and path.is_file() and not path.is_symlink():
            yield path
        elif depth and _is_folder(path):
            yield from _answer_files(path, depth - 1)


def _may_answer(path: Path) -> bool:
    return path.name.lower() == FILE or path.suffix.lower() == SUFFIX


def _texts(path: Path) -> list[str]:
    """What was written to a file, as answers.md has it; nothing of a notebook that cannot be read."""
    if path.suffix.lower() != SUFFIX:
        return [path.read_bytes()[:BYTE_LIMIT].decode("utf-8-sig", errors="replace")]
    if path.stat().st_size > MAX_FILE_BYTES:
        return []
    try:
        prose = read(path.read_bytes()).prose
    except NotebookError:
        return []
    return ["\n".join(text for text in prose if text.lstrip().startswith(ANSWER))[:BYTE_LIMIT]]


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink() and not path.name.startswith((".", "__MACOSX"))


def _cell(text: str) -> str:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace("|", "\\|").replace("`", "\\`")
    return "<br>".join(escaped.splitlines())
