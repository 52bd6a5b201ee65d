"""In the notebook: check() runs the public tests on what is saved, save_modules() writes the files."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from notebook_files import cell_of, code, filled, notebook, text_of, untouched

import grader.notebook
from grader.checking import Block, Checked, Row, refused
from grader.config import Course
from grader.notebook import check, save_modules
from grader.release.student import build_student

pytestmark = [pytest.mark.timeout(400), pytest.mark.xdist_group("notebook kernel")]

EVIL = "<script>alert(1)</script> [bold]x[/bold] \x1b[31mred & <b>"


@pytest.fixture
def release(small_course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A student's folder, unpacked anywhere, that the notebook is opened in."""
    built = build_student(small_course, [], tmp_path / "out")
    with zipfile.ZipFile(built.archive) as archive:
        archive.extractall(tmp_path / "some where")
    folder = tmp_path / "some where" / "student" / "starter" / "q1"
    monkeypatch.chdir(folder)
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    # The engine that the release carries, as its `pip install -e .` would give.
    monkeypatch.setenv("PYTHONPATH", str(folder.parents[1]))
    return folder


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What would be run is kept instead."""
    asked: list[tuple[Any, ...]] = []

    def keep(course: Course, assignment: Any, path: Path, question: str, warnings: list[str]) -> Checked:
        asked.append((course.root, assignment.id, path, question, warnings))
        return Checked("kept")

    monkeypatch.setattr(grader.notebook, "run_public_tests", keep)
    return asked


# -- in a kernel


@pytest.mark.slow  # half a minute: each check cell is a grading
def test_in_a_kernel_the_check_cells_show_points(release: Path, small_course: Course) -> None:
    """Filled in, saved, run from top to bottom; one mistake is in it."""

    def edit(cells: list[dict[str, Any]]) -> None:
        index = cell_of(cells, " halves.py ")
        cells[index]["source"] = text_of(cells[index]).replace("sum(weight", "sum(2 * weight")
        cells.append(code("# scratch\nsave_modules()"))
        program = "import halves; print(halves.half(3))"
        cells.append(code(f'# scratch\nimport sys\n!{{sys.executable}} -c "{program}"'))
        cells.append(code("check()"))

    path = release / "q1.ipynb"
    path.write_bytes(filled(small_course, "q1", edit))
    document = nbformat.read(path, as_version=4)
    NotebookClient(document, timeout=300, resources={"metadata": {"path": str(release)}}).execute()
    shown = {}
    for cell in document.cells:
        if cell.cell_type == "code":
            shown[cell.source] = [
                output.get("data", {"text/plain": output.get("text", "")}) for output in cell.outputs
            ]
    half = shown['# ---- check: q1.half ----\ncheck("q1.half")'][0]
    assert re.search(r"half returns a number\.\s+10 / 10", half["text/plain"])
    assert "q1.half" in half["text/html"]
    assert "30 of 30 points of the public tests" in half["text/html"]
    assert "\x1b" not in half["text/plain"]
    mean = shown['# ---- check: q1.mean ----\ncheck("q1.mean")'][0]
    assert "0 of 20 points" in mean["text/html"]
    assert "mean of 1, 2 and 6" in mean["text/html"]
    assert "Averages. Reread the handout." in mean["text/html"]
    assert "was run in another state" not in mean["text/html"]
    whole = shown["check()"][0]
    assert "Public tests: 30 / 50" in whole["text/plain"]
    assert "halves.py written" in shown["# scratch\nsave_modules()"][0]["text/plain"]
    ran = next(texts for source, texts in shown.items() if "import halves" in source)
    assert "1.5" in "".join(each["text/plain"] for each in ran), ran


def test_a_cell_that_was_run_and_not_saved_is_told(release: Path, small_course: Course) -> None:
    path = release / "q1.ipynb"
    document = nbformat.reads(untouched(small_course, "q1").decode(), as_version=4)
    path.write_bytes(untouched(small_course, "q1"))
    stub = next(cell for cell in document.cells if cell.source.startswith("# ---- halves.py"))
    stub.source = stub.source.replace('raise NotImplementedError("q1.half")', "return number / TWO")
    document.cells = [
        cell for cell in document.cells if "check: q1.mean" not in cell.source and cell.cell_type == "code"
    ]
    NotebookClient(document, timeout=300, resources={"metadata": {"path": str(release)}}).execute()
    said = document.cells[-1].outputs[0]["data"]["text/plain"]
    assert "! the cell halves.py was run in another state than it is saved in: save the" in said
    assert "not started" in said


# -- without one


def test_in_a_terminal_it_is_a_plain_table(release: Path, small_course: Course) -> None:
    (release / "q1.ipynb").write_bytes(filled(small_course, "q1"))
    program = "from grader.notebook import check; print(repr(check('q1.half')))"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=release, env={**os.environ}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "q1.half: q1.ipynb as it was saved at " in done.stdout
    assert re.search(r"Halving three times divides by eight\.\s+20 / 20", done.stdout)


def test_the_modules_that_are_saved_are_the_cells(release: Path, small_course: Course, capsys) -> None:
    stub = (release / "halves.py").read_text()
    (release / "q1.ipynb").write_bytes(filled(small_course, "q1"))
    save_modules()
    assert capsys.readouterr().out == "halves.py written\n"  # the stub was nobody's work
    written = (release / "halves.py").read_text()
    assert written.startswith("# Written by save_modules() from q1.ipynb, checksum ")
    assert "sum(weight * number for number in numbers)" in written
    (release / "halves.py").write_text("# mine\n")
    save_modules()
    assert capsys.readouterr().out == "halves.py written; what was in it is kept as halves.py.1.bak\n"
    assert (release / "halves.py.1.bak").read_text() == "# mine\n"
    assert (release / "halves.py").read_text() == written
    save_modules()
    assert capsys.readouterr().out == "halves.py written\n"
    assert stub != written


def test_magics_and_added_cells_are_saved_as_python(release: Path, small_course: Course) -> None:
    marker = "# ---- halves.py ----\n"
    first = f"{marker}%matplotlib inline\ndef half(x): return x / 2"
    content = notebook(first, "!ls\nMORE = 1\ncheck()", "# scratch\nNO = 1")
    (release / "q1.ipynb").write_bytes(content)
    save_modules()
    names: dict[str, Any] = {}
    exec((release / "halves.py").read_text(), names)
    assert names["half"](3) == 1.5
    assert names["MORE"] == 1
    assert "NO" not in names


@pytest.mark.parametrize("ask", [check, lambda **more: save_modules(**more)])
def test_what_cannot_be_done_is_said_without_a_traceback(release: Path, ask, capsys) -> None:
    said = []
    for content in (b"no notebook", b'{"nbformat": 4, "x": ' + b"[" * 100_000):
        (release / "q1.ipynb").write_bytes(content)
        said.append(f"{ask()!r}{capsys.readouterr().out}")
    (release / "q1.ipynb").unlink()
    said.append(f"{ask()!r}{capsys.readouterr().out}")
    said.append(f"{ask(notebook='other.ipynb')!r}{capsys.readouterr().out}")
    assert "is no notebook that can be read" in said[0]
    assert "nested too deeply" in said[1]
    assert "which notebook is meant?" in said[2]
    assert "cannot be read: No such file" in " ".join(said[3].split())


def test_a_question_that_is_not_there_is_said(release: Path) -> None:
    assert "q1 has no question q1.halff; its questions are q1.half, q1.mean" in repr(check("q1.halff"))
    assert "There are q1" in repr(check("p9.x"))


def test_a_notebook_outside_of_the_course_is_told_where_it_belongs(release: Path, tmp_path: Path) -> None:
    outside = tmp_path / "elsewhere" / "q1.ipynb"
    outside.parent.mkdir()
    outside.write_bytes((release / "q1.ipynb").read_bytes())
    os.chdir(outside.parent)
    assert "put it back into starter/" in " ".join(repr(check("q1.half")).split())


# -- which notebook


def test_the_notebook_is_found_where_a_server_says_and_else_in_the_folder(
    release: Path, quick, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = (release / "q1.ipynb").read_bytes()
    check("q1.half")
    (release / "q1-Copy1.ipynb").write_bytes(content)
    check()  # the one with the assignment's name
    monkeypatch.setenv("JPY_SESSION_NAME", str(release / "q1-Copy1.ipynb"))
    check()
    monkeypatch.setenv("JPY_SESSION_NAME", "starter/q1/q1-Copy1.ipynb")  # below the server's folder
    check()
    monkeypatch.setenv("JPY_SESSION_NAME", "console-1-6f1d")
    check(notebook="q1-Copy1.ipynb")
    monkeypatch.setattr(
        grader.notebook, "_names", lambda: {"__vsc_ipynb_file__": str(release / "q1-Copy1.ipynb")}
    )
    check()
    root = release.parents[1]
    assert [(asked[0], asked[1], asked[2].name, asked[3]) for asked in quick] == [
        (root, "q1", "q1.ipynb", "q1.half"),
        (root, "q1", "q1.ipynb", ""),
        *[(root, "q1", "q1-Copy1.ipynb", "")] * 4,
    ]


def test_a_notebook_of_another_name_knows_its_assignment(release: Path, quick) -> None:
    (release / "q1.ipynb").rename(release / "Aufgabe.ipynb")
    check()
    assert quick[0][1:3] == ("q1", release / "Aufgabe.ipynb")


def test_lost_markers_are_told_before_the_points(release: Path, quick) -> None:
    (release / "q1.ipynb").write_bytes(notebook("def half(x): ..."))
    check("q1.half")
    assert "every cell is taken for halves.py" in quick[0][4][0]


# -- as it is shown


def test_whatever_a_student_wrote_is_shown_as_text() -> None:
    row = Row(EVIL, 0.0, 1.5, False, (EVIL, "Your code printed:\n" + EVIL))
    shown = Checked(EVIL, (Block("q1.a", EVIL, (row,), EVIL),), (EVIL,))
    page = shown._repr_html_()
    assert "<script>" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<b>" not in page.replace("<b>q1.a</b>", "").replace("<b>&lt;script", "")
    assert "[bold]x[/bold]" in repr(shown)
    assert "\x1b[1m" not in repr(shown)


def test_points_add_up_and_tests_without_points_say_whether_they_pass() -> None:
    rows = (
        Row("a", 1.5, 2.0, False, ("w",)),
        Row("b", 0.0, 0.0, True, ()),
        Row("c", 0.0, 0.0, False, ("x",)),
    )
    shown = Checked("h", (Block("q1.a", "A", rows, ""), Block("q1.b", "B", rows[:1], "")))
    assert (shown.points, shown.max_points) == (3.0, 4.0)
    assert [row.earned for row in rows] == ["1.5 / 2", "right", "-"]
    assert "Public tests: 3 / 4" in repr(shown)
    assert "Public tests: 3 of 4" in shown._repr_html_()


def test_a_refusal_is_a_sentence_in_both() -> None:
    shown = refused("no <such> notebook")
    assert repr(shown) == "Not checked\nno <such> notebook"
    assert "no &lt;such&gt; notebook" in shown._repr_html_()


def test_tests_that_cannot_be_run_show_what_pytest_said(release: Path, small_course: Course) -> None:
    points = release.parents[1] / "assignments/q1/points.toml"
    points.write_text("not toml")
    shown = check("q1.half")
    assert not shown.blocks
    assert "points.toml" in shown.error or any("points.toml" in warning for warning in shown.warnings)
    json.dumps(shown._repr_html_())
