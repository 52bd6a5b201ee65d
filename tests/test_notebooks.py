"""The notebooks that are handed out hold what the handout and the starter hold: everything, and once."""

from __future__ import annotations

import ast
import json
import re
from collections import Counter
from pathlib import Path

import nbformat
import pytest
from notebook_files import cell_of, checked, filled, text_of, untouched

from grader.cells import ANSWER, CELL_SECONDS, CELLS_FILE, handed_in, markers, read
from grader.config import Course
from grader.connection import Plan
from grader.faults import GraderFault
from grader.launch import Allowance, call_id
from grader.release import starter
from grader.release.leaks import leaks, secret_passages
from grader.release.notebooks import build_notebook, code_cells, sections, without_links
from grader.release.student import LeakError, build_student
from grader.worker import cells as worker_cells
from grader.worker import messages

HERE = Course(Path(__file__).parents[1])
TESTS = Path(__file__).parent
every = pytest.mark.parametrize("assignment", HERE.assignments())


def cells_of(course: Course, assignment: str, kind: str) -> list[str]:
    document = json.loads(untouched(course, assignment))
    return [text_of(cell) for cell in document["cells"] if cell["cell_type"] == kind]


def lines(text: str) -> Counter[str]:
    return Counter(line for line in text.splitlines() if line.strip())


# -- what is in them


@every
def test_a_notebook_is_valid_and_the_same_whenever_it_is_built(assignment: str) -> None:
    content = untouched(HERE, assignment)
    assert content == untouched(HERE, assignment)
    document = nbformat.reads(content.decode(), as_version=4)
    nbformat.validate(document)
    ids = [cell.id for cell in document.cells]
    assert len(set(ids)) == len(ids)
    assert not re.search(rb"20[0-9]{2}-[0-9]{2}-[0-9]{2}T|execution_count\": [0-9]", content)
    assert all(not cell.outputs for cell in document.cells if cell.cell_type == "code")


@every
def test_every_question_is_asked_and_checked_once(assignment: str) -> None:
    known = HERE.assignment(assignment).questions
    codes = cells_of(HERE, assignment, "code")
    assert Counter(filter(None, map(checked, codes))) == Counter(known.keys())
    headings = [text.split("\n")[0] for text in cells_of(HERE, assignment, "markdown")]
    for question in known:
        asked = [line for line in headings if re.match(rf"#+ {re.escape(question)} \(", line)]
        assert len(asked) == 1, question


@every
def test_the_cells_of_a_question_stand_between_its_text_and_its_check(assignment: str) -> None:
    document = json.loads(untouched(HERE, assignment))
    current = ""
    for cell in document["cells"]:
        text = text_of(cell)
        if cell["cell_type"] == "markdown":
            heading = re.match(rf"#+ ({assignment}\.\w+)", text)
            current = heading[1] if heading else ""
        else:
            asked = [question for _, question in markers(text) if question] + [checked(text)]
            assert {question for question in asked if question} <= {current}


@every
def test_the_cells_hold_the_starter_line_by_line(assignment: str) -> None:
    known = HERE.assignment(assignment)
    texts = starter.generate(HERE, known)
    notebook = handed_in(read(untouched(HERE, assignment)), known.files)
    assert not notebook.notes
    for file in known.files:
        want = "\n".join(line for line in texts[file].splitlines() if not line.startswith("# ---- "))
        got = [line for line in notebook.own_text(file.removesuffix(".py")).splitlines() if not markers(line)]
        assert lines("\n".join(got)) == lines(want)


@every
def test_the_handout_is_there_in_its_order(assignment: str) -> None:
    readme = (HERE.assignment(assignment).folder / "README.md").read_text(encoding="utf-8")
    said = without_links(readme).splitlines()
    want = [line for line in said if line.strip() and not re.match("-{3,}$", line)]
    prose = iter("\n".join(cells_of(HERE, assignment, "markdown")).splitlines())
    missing = [line for line in want if line not in prose]  # each is looked for behind the one before
    assert missing == []


@every
def test_no_link_leads_out_of_the_notebook(assignment: str) -> None:
    for text in cells_of(HERE, assignment, "markdown"):
        assert not re.search(r"\[[\w. ]+\]\((?!https?://)", re.sub(r"`[^`\n]*`", "", text))


@every
def test_questions_in_ones_own_words_have_a_cell_each_where_they_are_asked(assignment: str) -> None:
    template = (HERE.assignment(assignment).folder / "answers.md").read_text(encoding="utf-8")
    asked = re.findall(r"^## (\S+?):? ", template, re.MULTILINE)
    answers = [text for text in cells_of(HERE, assignment, "markdown") if text.startswith(ANSWER)]
    assert sorted(re.findall(r"^#### (\S+?):? ", "\n".join(answers), re.MULTILINE)) == sorted(asked)
    assert not re.search(r"\b[012]: ", "\n".join(answers))  # how they are marked


def test_an_answer_that_belongs_to_a_question_stands_below_its_check() -> None:
    document = json.loads(untouched(HERE, "p5"))
    at = cell_of(document["cells"], "check: p5.plateau")
    assert "#### p5.plateau: " in text_of(document["cells"][at + 1])
    assert text_of(document["cells"][at + 1]).startswith(ANSWER)


@every
def test_no_two_files_of_an_assignment_have_a_name_for_different_things(assignment: str) -> None:
    """In a notebook they share their names: the later one would be what functions of the earlier one find."""
    folder = HERE.reference(assignment)
    assert folder is not None
    meant: dict[str, set[str]] = {}
    for file in HERE.assignment(assignment).files:
        for node in ast.parse((folder / file).read_text(encoding="utf-8")).body:
            for name, what in names(node, file):
                meant.setdefault(name, set()).add(what)
    assert {name: what for name, what in meant.items() if len(what) > 1} == {}


def names(node: ast.stmt, file: str) -> list[tuple[str, str]]:
    """What a statement defines, and what each name stands for."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        origin = getattr(node, "module", "")
        return [(each.asname or each.name, f"{origin}.{each.name}") for each in node.names]
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [(node.name, file)]
    return [
        (each.id, file)
        for each in ast.walk(node)
        if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)
    ]


@pytest.mark.timeout(120)
@every
@pytest.mark.parametrize("make", [untouched, filled])
def test_every_cell_runs_from_top_to_bottom(zygote, tmp_path, assignment: str, make) -> None:
    """In the order of the handout, which is not always that of the starter."""
    known = HERE.assignment(assignment)
    handed = handed_in(read(make(HERE, assignment)), known.files)
    (tmp_path / CELLS_FILE).write_bytes(handed.encoded())
    modules = {file.removesuffix(".py"): CELLS_FILE for file in known.files}
    for file in known.given:
        (tmp_path / file).write_bytes((HERE.root / "reference" / assignment / file).read_bytes())
        modules[file.removesuffix(".py")] = file
    worker = zygote.start(Plan(tmp_path, modules, {}, 1))
    try:
        for file in known.files:
            load = messages.Load(call_id(), file.removesuffix(".py"))
            reply, _ = worker.request(load, [], Allowance(60.0, 60.0))
            assert isinstance(reply, messages.Answer), reply
            assert reply.value is None, "a cell failed"
    finally:
        worker.close()


# -- how they are cut


def test_a_line_in_a_block_of_code_is_no_heading() -> None:
    text = "# A\nfirst\n```python\n# no heading\n```\n## x.one (2)\n~~~\n## nor this\n~~~\nlast\n\n---\n"
    found = sections(text, ["x.one"])
    assert [(part.title, part.question) for part in found] == [("A", ""), ("x.one (2)", "x.one")]
    assert found[1].text.endswith("last")


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("see [p1.a](#p1a-4-points) and [b](../b.md)", "see p1.a and b"),
        ("![a picture](img/x.png)", "a picture"),
        ("[there](https://example.org/a) stays", "[there](https://example.org/a) stays"),
        ("```\na[i](j)\n```\n[x](y)", "```\na[i](j)\n```\nx"),
        ("    a[i](j)", "    a[i](j)"),
        ("`a[i](j)` and ``b`[i](j)`` [c](d) `e`", "`a[i](j)` and ``b`[i](j)`` c `e`"),
    ],
)
def test_links_that_lead_nowhere_become_text(text: str, want: str) -> None:
    assert without_links(text) == want


def test_a_file_without_separators_is_one_cell(small_course: Course) -> None:
    """And a handout without headings for its questions gets them."""
    codes = cells_of(small_course, "q1", "code")
    assert [text.split("\n")[0] for text in codes] == [
        "# scratch",
        "# ---- halves.py ----",
        "# ---- check: q1.half ----",
        "# ---- check: q1.mean ----",
    ]
    assert "def mean(" in codes[1]
    prose = cells_of(small_course, "q1", "markdown")
    assert "## q1.mean: Mean of a list" in prose
    assert sum(text.startswith(ANSWER) for text in prose) == 2


def test_a_separator_that_names_no_question_is_refused(small_course: Course) -> None:
    text = "x = 1\n\n# ---- q1.halff -----\n\ny = 2\n"
    with pytest.raises(GraderFault, match=r"'q1.halff' names no question of it"):
        code_cells({"halves.py": text}, small_course.assignment("q1"), ["q1.half", "q1.mean"])


def test_the_notebook_says_what_a_worker_does() -> None:
    assert worker_cells.CELL_SECONDS == CELL_SECONDS


# -- what must not be in them


def test_a_solution_in_a_notebook_is_found_whatever_json_makes_of_it(small_course: Course) -> None:
    secrets = secret_passages(small_course)
    tree = {"starter/q1/q1.ipynb": filled(small_course, "q1")}
    assert [leak.file for leak in leaks(tree, secrets)]
    assert not leaks({"starter/q1/q1.ipynb": untouched(small_course, "q1")}, secrets)
    document = json.loads(untouched(small_course, "q1"))
    solution = (small_course.root / "reference/q1/halves.py").read_text()
    output = {"output_type": "stream", "name": "stdout", "text": solution.splitlines(keepends=True)}
    document["cells"][2]["outputs"] = [output]
    assert leaks({"a.ipynb": json.dumps(document).encode()}, secrets)


def test_a_release_with_a_solution_in_its_handout_is_not_built(small_course: Course, tmp_path: Path) -> None:
    readme = small_course.root / "assignments/q1/README.md"
    lines = ("weight = _weight_of_each_number(numbers)", "return sum(weight * number for number in numbers)")
    solution = "".join(f"    {line}\n" for line in lines)
    readme.write_text(f"{readme.read_text()}\n{solution}")
    with pytest.raises(LeakError, match=r"q1.ipynb"):
        build_student(small_course, [], tmp_path)


def test_a_handout_that_is_not_there_is_said(small_course: Course) -> None:
    (small_course.root / "assignments/q1/README.md").unlink()
    with pytest.raises(GraderFault, match=r"README.md: a notebook needs this file"):
        build_notebook(small_course, small_course.assignment("q1"))
