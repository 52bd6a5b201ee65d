"""Builds what students get: handouts, stubs, public tests, the engine, and nothing that tells an answer."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import tomlkit

from grader.band_file import FILE_NAME as BANDS
from grader.config import FILE_NAME as ASSIGNMENT_FILE
from grader.config import Assignment, Course
from grader.faults import GraderFault
from grader.gate_file import GateRecord, load_gates, render_gates
from grader.points import FILE_NAME as POINTS_FILE
from grader.points import is_public, public_part, question_points, read_points, render_public_points
from grader.release import starter
from grader.release.answers import without_rubrics
from grader.release.archive import STAMP, engine_files, write_folder, write_zip
from grader.release.leaks import is_shipped, leaks, secret_passages
from grader.release.notebooks import build_notebook
from grader.release.pages import engine_version, render, requirements

HANDOUT = "README.md"
ANSWERS = "answers.md"
MEASURE = "measure.py"


class LeakError(GraderFault):
    """A file to be handed out holds a passage that students must not get."""


@dataclass(frozen=True)
class Built:
    """What a build left: the folder and its zip."""

    folder: Path
    archive: Path


def build_student(course: Course, assignment_ids: Sequence[str], out: Path) -> Built:
    """Builds the release of some assignments as a folder and a zip in ``out``.

    :param assignment_ids: empty for all of the course.
    :raises GraderFault: no such assignment, a file that it must have is missing, or a released file holds a
        passage of a solution or a hidden test.
    """
    ids = list(assignment_ids) or course.assignments()
    assignments = [course.assignment(assignment_id) for assignment_id in ids]
    name = "-".join(["student", *assignment_ids])
    tree = student_tree(course, assignments)
    found = leaks(tree, secret_passages(course))
    if found:
        raise LeakError("nothing was built: " + "; ".join(map(str, found[:5])))
    built = Built(out / name, out / f"{name}.zip")
    write_folder(tree, built.folder)
    write_zip(tree, built.archive, top=name)
    return built


def student_tree(course: Course, assignments: Sequence[Assignment]) -> dict[str, bytes]:
    """The release's files: relative path -> content."""
    tree = engine_files("grader")
    for assignment in assignments:
        tree.update(_assignment_files(assignment))
        for file, text in starter.generate(course, assignment).items():
            tree[f"starter/{assignment.id}/{file}"] = text.encode()
        notebook = f"starter/{assignment.id}/{assignment.id}.ipynb"
        tree[notebook] = build_notebook(course, assignment).encode()
        answers = assignment.folder / ANSWERS
        if answers.is_file():  # beside the code, so that it is handed in with it
            template = without_rubrics(answers.read_text(encoding="utf-8"))
            tree[f"starter/{assignment.id}/{ANSWERS}"] = template.encode()
    for file in ("constraints.txt", "LICENSE"):
        tree[file] = _required(course.root / file)
    tree["requirements.txt"] = b"-c constraints.txt\n-e .\n"
    tree["pyproject.toml"] = render("student/pyproject.toml.j2", **_page(assignments)).encode()
    tree["README.md"] = render("student/README.md.j2", **_page(assignments)).encode()
    ids = " ".join(assignment.id for assignment in assignments)
    tree[STAMP] = f"student release of {ids}, grader {engine_version()}\n".encode()
    return tree


def _assignment_files(assignment: Assignment) -> Iterator[tuple[str, bytes]]:
    """An assignment's own files that students get."""
    folder = assignment.folder
    names = [HANDOUT]
    names += sorted(path.name for path in folder.iterdir() if path.is_file() and is_shipped(path.name))
    tests = [name for name in names if is_public(name)]
    if not tests:
        raise GraderFault(f"{folder}: no public test in it")
    if any(uses_gate((folder / name).read_text(encoding="utf-8")) for name in tests):
        names += [MEASURE]
        names += [BANDS] if (folder / BANDS).is_file() else []
        gates = _without_wrong_solutions(load_gates(assignment.gates_path))
        yield f"assignments/{assignment.id}/{assignment.gates_path.name}", render_gates(gates).encode()
    for name in names:
        yield f"assignments/{assignment.id}/{name}", _required(folder / name)
    described = _description(_required(folder / ASSIGNMENT_FILE))
    yield f"assignments/{assignment.id}/{ASSIGNMENT_FILE}", described.encode()
    table = render_public_points(read_points(assignment.points_path))
    yield f"assignments/{assignment.id}/{POINTS_FILE}", table.encode()


def _description(text: bytes) -> str:
    """assignment.toml without its comments and without the wrong solutions that a gate must reject.

    Both speak to the course's staff: what they explain is often the answer.
    """
    document = tomllib.loads(text.decode())
    for table in ("gates", "races"):
        for entry in document.get(table, {}).values():
            entry["wrong"] = []
    return tomlkit.dumps(document)


def _without_wrong_solutions(gates: dict[str, GateRecord]) -> dict[str, GateRecord]:
    return {name: msgspec.structs.replace(record, wrong=[], rests_on={}) for name, record in gates.items()}


def uses_gate(tests: str) -> bool:
    """Whether a test file asks for the ``gate`` fixture, which needs measure.py and gates.toml."""
    return any(
        argument.arg == "gate"
        for node in ast.walk(ast.parse(tests))
        if isinstance(node, ast.FunctionDef)
        for argument in node.args.args
    )


def _page(assignments: Sequence[Assignment]) -> dict[str, object]:
    """What the release's own pages say about it."""
    rows = []
    for assignment in assignments:
        table = read_points(assignment.points_path)
        rows.append(
            {
                "id": assignment.id,
                "title": assignment.title,
                "files": assignment.files,
                "minutes": sum(
                    question.minutes
                    for question in assignment.questions.values()
                    if question.file in assignment.files  # GPU questions are a bonus
                ),
                "public": sum(question_points(public_part(table)).values()),
                "total": sum(question_points(table).values()),
                "question": next(iter(assignment.questions)),
                "parts": assignment.parts,
                "answers": (assignment.folder / ANSWERS).is_file(),
            }
        )
    return {"assignments": rows, "version": engine_version(), "requirements": requirements()}


def _required(path: Path) -> bytes:
    if not path.is_file():
        raise GraderFault(f"{path}: a release needs this file, and it is not there")
    return path.read_bytes()
