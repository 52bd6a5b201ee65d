"""Notebooks for the tests: those that we build, filled in from the reference, and small ones of few cells."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from grader.cells import markers
from grader.config import Course
from grader.release.notebooks import build_notebook, code_cells

Edit = Callable[[list[dict[str, Any]]], None]


def code(text: str, outputs: list[Any] | None = None) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "metadata": {},
        "source": text,
        "outputs": outputs or [],
        "execution_count": None,
    }


def prose(text: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {}, "source": text}


def notebook(
    *cells: str | dict[str, Any], nbformat: int = 4, metadata: Mapping[str, Any] | None = None
) -> bytes:
    """A notebook of these cells; a text is a code cell."""
    made = [code(cell) if isinstance(cell, str) else cell for cell in cells]
    document = {"cells": made, "metadata": metadata or {}, "nbformat": nbformat, "nbformat_minor": 5}
    return json.dumps(document).encode()


def untouched(course: Course, assignment: str) -> bytes:
    """As students get it."""
    return build_notebook(course, course.assignment(assignment)).encode()


def filled(course: Course, assignment: str, edit: Edit | None = None) -> bytes:
    """The same with the reference's code in the cells of the questions.

    :param edit: changes the list of cells before it is written.
    """
    known = course.assignment(assignment)
    folder = course.reference(assignment)
    assert folder is not None
    document = json.loads(untouched(course, assignment))
    asked = [name for cell in document["cells"] if (name := checked(text_of(cell)))]
    files = [file for file in known.files if file.endswith(".py")]
    stubs = code_cells({file: (folder / file).read_text(encoding="utf-8") for file in files}, known, asked)
    solutions = {
        text.split("\n")[0]: text
        for cells in (stubs.before, stubs.below)
        for texts in cells.values()
        for text in texts
    }
    for cell in document["cells"]:
        if cell["cell_type"] == "code" and markers(text_of(cell)):
            cell["source"] = solutions.pop(text_of(cell).split("\n")[0])
    assert not solutions, solutions.keys()
    if edit:
        edit(document["cells"])
        for number, cell in enumerate(document["cells"]):
            cell.setdefault("id", f"added-{number}")
    return json.dumps(document).encode()


def text_of(cell: Mapping[str, Any]) -> str:
    return "".join(cell["source"])


def checked(text: str) -> str:
    """The question that a cell checks, or nothing."""
    first = text.split("\n")[0]
    return first.split()[3] if first.startswith("# ---- check: ") else ""


def cell_of(cells: list[dict[str, Any]], marker: str) -> int:
    """Where the cell with this in its first line is."""
    return next(
        index
        for index, cell in enumerate(cells)
        if cell["cell_type"] == "code" and marker in text_of(cell).split("\n")[0]
    )


def saved(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path
