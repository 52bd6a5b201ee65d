"""Builds an assignment as a notebook from the sources of its handout: nothing in it is written twice.

The README is cut at its headings. The generated starter is cut at its separators, ``# ---- p5.train ----``:
the cells of a question follow the section of the README that asks it, then comes a cell that checks them. The
same course gives the same bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from grader.cells import ANSWER, CELL_SECONDS, CHECK, PROMPT, SCRATCH, checksum, code_checksum, marker
from grader.config import Assignment, Course
from grader.faults import GraderFault
from grader.release import starter
from grader.release.answers import FILE as ANSWERS
from grader.release.answers import ID, without_rubrics
from grader.release.blocks import SEPARATOR
from grader.release.pages import render

HANDOUT = "README.md"
HEADING = re.compile(r"(?P<level>#{1,6})[ \t]+(?P<title>.*\S)[ \t]*")
FENCE = re.compile(r"[ \t]*(```|~~~)")
RULE = re.compile(r"\n+-{3,}\s*\Z")
# To a place in the handout, or to a file beside it: neither is a place in a notebook. Or a stretch of code,
# in which the same signs are an index and a call.
LINK = re.compile(r"(?P<code>(`+)[^`].*?\2(?!`))|!?\[(?P<text>[^\]]*)\]\((?!https?://|mailto:)[^)]*\)")
SETUP = f"{SCRATCH}\nfrom grader.notebook import check, save_modules"
OWN_WORDS = "## In your own words"
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}


@dataclass
class Section:
    """A part of the README, from one heading to the next.

    :param question: the id that its heading carries, or empty.
    """

    title: str
    text: str
    question: str = ""


@dataclass
class Stubs:
    """The code cells of an assignment, by question.

    :param before: cells that stand above the section of a question: a file's imports.
    :param below: cells that stand below it.
    """

    before: dict[str, list[str]] = field(default_factory=dict)
    below: dict[str, list[str]] = field(default_factory=dict)


def build_notebook(course: Course, assignment: Assignment) -> str:
    """The notebook's JSON.

    :raises GraderFault: a separator of the starter names no question, or a file is missing.
    """
    texts = starter.generate(course, assignment)
    files = [file for file in assignment.files if file.endswith(".py")]
    readme = assignment.folder / HANDOUT
    if not readme.is_file():
        raise GraderFault(f"{readme}: a notebook needs this file, and it is not there")
    parts = sections(readme.read_text(encoding="utf-8"), assignment.questions)
    asked = [part.question for part in parts if part.question]
    for question, known in assignment.questions.items():
        if question not in asked:  # a handout without a heading for it
            parts.append(Section(question, f"## {question}: {known.title}", question))
            asked.append(question)
    stubs = code_cells({file: texts[file] for file in files}, assignment, asked)
    answers = _answers(assignment, parts)
    page = {
        "id": assignment.id,
        "files": files,
        "given": [file for file in assignment.given if file.endswith(".py")],
        "example": next(iter(stubs.below.values()))[0].split("\n")[0],
        "seconds": f"{CELL_SECONDS:g}",
        "answers": bool(answers),
    }
    cells = _Cells()
    for number, part in enumerate(parts):
        for text in stubs.before.get(part.question, ()):
            cells.code(f"{part.question}-imports", text)
        cells.prose(part.question or part.title, part.text)
        if number == 0:
            cells.prose("this-notebook", render("notebook/first.md.j2", **page))
            cells.code("setup", SETUP)
        for text in stubs.below.get(part.question, ()):
            cells.code(f"{part.question}-code", text)
        if part.question:
            cells.code(f"{part.question}-check", f'{CHECK.format(part.question)}\ncheck("{part.question}")')
        for text in answers.pop(number, ()):
            cells.prose("answer", text)
    if rest := [text for texts in answers.values() for text in texts]:
        cells.prose("own-words", OWN_WORDS)
        for text in rest:
            cells.prose("answer", text)
    about = {
        "assignment": assignment.id,
        "code": code_checksum(cell.source for cell in cells.made if cell.cell_type == "code"),
        "stubs": {file: checksum(texts[file].encode()) for file in files},
    }
    metadata = {"grader": about, "kernelspec": KERNEL, "language_info": {"name": "python"}}
    notebook = new_notebook(cells=cells.made, metadata=metadata)
    notebook.nbformat_minor = 5
    nbformat.validate(notebook)
    return f"{nbformat.writes(notebook, version=4).rstrip()}\n"


class _Cells:
    """Cells in order, each with an id that says what it is and stays the same from build to build."""

    def __init__(self) -> None:
        self.made: list[nbformat.NotebookNode] = []
        self._ids: set[str] = set()

    def code(self, name: str, text: str) -> None:
        self.made.append(new_code_cell(text.strip("\n"), id=self._id(name)))

    def prose(self, name: str, text: str) -> None:
        self.made.append(new_markdown_cell(text.strip("\n"), id=self._id(name)))

    def _id(self, name: str) -> str:
        plain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:50] or "text"
        number = 1
        while (found := plain if number == 1 else f"{plain}-{number}") in self._ids:
            number += 1
        self._ids.add(found)
        return found


def sections(text: str, questions: Iterable[str]) -> list[Section]:
    """The README from heading to heading, links that lead nowhere in a notebook as plain text."""
    known = set(questions)
    found: list[Section] = []
    lines: list[str] = []
    title = ""
    fence = ""
    for line in [*text.splitlines(), None]:
        opened = FENCE.match(line) if line is not None else None
        heading = HEADING.fullmatch(line) if line is not None and not fence else None
        if opened:
            fence = "" if fence == opened[1] else fence or opened[1]
        if line is None or heading:
            body = RULE.sub("", "\n".join(lines).strip("\n"))
            if body:
                named = ID.search(title)
                question = named[0] if named and named[0] in known else ""
                found.append(Section(title, without_links(body), question))
            lines = []
            title = heading["title"] if heading else ""
        if line is not None:
            lines.append(line)
    return found


def without_links(text: str) -> str:
    """Markdown with its relative links as text; code is left as it is."""
    lines = []
    fence = ""
    for line in text.split("\n"):
        if opened := FENCE.match(line):
            fence = "" if fence == opened[1] else fence or opened[1]
        lines.append(
            line
            if fence or line.startswith("    ")
            else LINK.sub(lambda link: link["code"] or link["text"], line)
        )
    return "\n".join(lines)


def code_cells(texts: Mapping[str, str], assignment: Assignment, asked: list[str]) -> Stubs:
    """The starter's files, cut at their separators.

    What stands above a file's first separator comes before the first of its questions; of a file without
    separators that is all of it.

    :param asked: the questions in the order of the README.
    :raises GraderFault: a separator names no question of the file.
    """
    stubs = Stubs()
    for file, text in texts.items():
        own = [question for question in asked if assignment.questions[question].file == file]
        if not own:
            raise GraderFault(f"{file} of {assignment.id} answers no question, so no cell can hold it")
        head, pieces = _pieces(text)
        for rest, question, _ in pieces:
            if question not in own:
                raise GraderFault(
                    f"{file} of {assignment.id}: the separator {rest!r} names no question of it"
                )
        if pieces:
            stubs.before.setdefault(own[0], []).append(f"{marker(file, 'imports')}\n{head}")
        else:
            stubs.below.setdefault(own[0], []).append(f"{marker(file)}\n{head}")
        for rest, question, body in pieces:
            stubs.below.setdefault(question, []).append(f"{marker(file, rest)}\n{body}")
    return stubs


def _pieces(text: str) -> tuple[str, list[tuple[str, str, str]]]:
    """What stands above the first separator, and for each separator its text, question and lines below."""
    head: list[str] = []
    pieces: list[tuple[str, str, list[str]]] = []
    for line in text.splitlines():
        if separator := SEPARATOR.fullmatch(line):
            pieces.append((separator["rest"], separator["question"], []))
        else:
            (pieces[-1][2] if pieces else head).append(line)
    bodies = [(rest, question, "\n".join(lines).strip("\n")) for rest, question, lines in pieces]
    return "\n".join(head).strip("\n"), bodies


def _answers(assignment: Assignment, parts: list[Section]) -> dict[int, list[str]]:
    """The cells for answers in one's own words, by the number of the section that asks; -1 for none."""
    path = assignment.folder / ANSWERS
    if not path.is_file():
        return {}
    template = without_rubrics(path.read_text(encoding="utf-8"))
    asked = [
        (named[0], section.text)
        for section in sections(template, ())
        if (named := ID.search(section.title)) is not None
    ]
    # The first section says what is handed in; it asks nothing.
    asking = [number for number, part in enumerate(parts) if number and ANSWERS in part.text]
    places: dict[str, int] = {}
    for question, _ in asked:
        own = [number for number, part in enumerate(parts) if part.question == question]
        named_there = [number for number in asking if question in parts[number].text]
        places[question] = next(iter(own + named_there), -1)
    free = [number for number in asking if number not in places.values()]
    found: dict[int, list[str]] = {}
    for question, text in asked:
        place = places[question]
        if place == -1 and free:
            place = free.pop(0)
        # Smaller than a heading of the handout.
        found.setdefault(place, []).append(f"{ANSWER}: handed in -->\n\n##{text}\n\n{PROMPT}\n")
    return found
