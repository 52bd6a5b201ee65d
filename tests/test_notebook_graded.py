"""A notebook is graded to the same points as the files that its cells stand for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import support
from archives import zipped
from notebook_files import cell_of, code, filled, notebook, text_of, untouched

from grader.config import Course

pytestmark = [pytest.mark.timeout(300), pytest.mark.xdist_group("graded notebooks")]

HERE = Course(Path(__file__).parents[1])
SMALL = Course(support.COURSE)


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return support.copy_course(tmp_path_factory.mktemp("course") / "c")


def graded(
    course: Path, folder: Path, content: bytes, *arguments: object, name: str = "q1.ipynb", **more: Any
) -> support.Graded:
    path = folder / "handed in" / name
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    return support.grade(course, path, *arguments, folder=folder, **more)


@pytest.fixture(scope="module")
def of_modules(course: Path, tmp_path_factory: pytest.TempPathFactory) -> support.Graded:
    """The reference's files, as they are."""
    folder = tmp_path_factory.mktemp("modules")
    return support.grade(course, support.submit(folder / "handed in"), folder=folder)


def test_a_filled_notebook_gets_what_the_files_get(course, of_modules, tmp_path) -> None:
    run = graded(course, tmp_path, filled(SMALL, "q1"))
    assert run.status == support.PASSED, run.said
    assert run.points == of_modules.points == support.POINTS
    assert [file["state"] for file in run.results["submission"]["files"]] == ["ok"] * 6
    assert run.results["problems"] == of_modules.results["problems"]
    assert run.results["complete"]
    assert not support.litter(run.own)
    assert not support.left_behind(run.own)


def test_an_untouched_notebook_gets_nothing_and_says_not_started(course, tmp_path) -> None:
    run = graded(course, tmp_path, untouched(SMALL, "q1"))
    assert run.points == dict.fromkeys(support.POINTS, 0)
    assert {question["message"] for question in run.results["questions"]} == {"not started"}
    assert {question["outcome"] for question in run.results["questions"]} == {"not_started"}


def test_a_release_that_nobody_has_worked_on_says_nothing_of_notebooks(course, tmp_path) -> None:
    folder = support.submit(tmp_path / "handed in", base="starter")
    (folder / "q1.ipynb").write_bytes(untouched(SMALL, "q1"))
    run = support.grade(course, folder, "-k", "half", folder=tmp_path)
    assert run.question("q1.half")["message"] == "not started", run.said
    assert run.results["problems"] == []


def test_a_zip_of_the_whole_folder_with_its_untouched_stubs_is_the_notebook(course, tmp_path) -> None:
    folder = course / "starter/q1"
    files = {f"q1/{path.name}": path.read_bytes() for path in folder.glob("*.py")}
    content = zipped({**files, "q1/q1.ipynb": filled(SMALL, "q1")})
    run = graded(course, tmp_path, content, name="work.zip")
    assert run.points == support.POINTS, run.said
    assert "'q1.ipynb' counts: nobody has worked on half.py and" in run.results["problems"][0]


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(
            ("--launcher", "fresh", "--isolation", "process"), id="new interpreters", marks=pytest.mark.slow
        ),
        pytest.param(("--isolation", "none", "-k", "public"), id="in the judge's process"),
    ],
)
def test_however_the_workers_start(course, tmp_path, arguments) -> None:
    run = graded(course, tmp_path, filled(SMALL, "q1"), *arguments)
    tests = [test for question in run.results["questions"] for test in question["tests"]]
    run_here = [test for test in tests if "none" not in arguments or test["visibility"] == "visible"]
    outcomes = {test["outcome"] for test in run_here}
    assert outcomes == {"passed"}, run.said


TROUBLE = {
    "half.py": "x = 1\nfrom given import TWO\ndef half(x)\n    return x / TWO",
    "double.py": "import torch\nimport not_there\ndef double(x):\n    return 2 * x",
    "count.py": "def count(values, limit):\n    return above(values, limit)",
    "kinds.py": "KINDS = {'linear': undefined}",
    "step.py": "import torch\ndef step(weight, gradient, rate):\n    (weight + 0).sum().backward()",
    "last.py": "%timeit 1\ndef last(values):\n    return values[-1]\nprint?",
}


def test_each_trouble_is_told_with_its_cell_and_harms_no_other_question(course, tmp_path) -> None:
    """Cells that fail, one for each file, in one notebook."""

    def edit(cells: list[dict[str, Any]]) -> None:
        for file, text in TROUBLE.items():
            index = cell_of(cells, f" {file} ")
            if file in ("count.py", "last.py"):
                cells[index]["source"] = f"# ---- {file} ----\n{text}"
            else:  # the stub stays, and the trouble stands in a cell of its own
                cells.insert(index + 1, code(text))
        cells.insert(cell_of(cells, " count.py "), code("def above(values, limit):\n    return broken + 1"))

    stubs = json.loads(untouched(SMALL, "q1"))
    edit(stubs["cells"])
    run = graded(course, tmp_path, json.dumps(stubs).encode())
    number = {
        file: 1 + [text_of(cell) for cell in stubs["cells"] if cell["cell_type"] == "code"].index(text)
        for file, text in TROUBLE.items()
        if file not in ("count.py", "last.py")
    }
    said = {name: run.question(name)["message"] for name in support.POINTS}
    first = f"not started; cell {number['half.py']}, line 3 failed: SyntaxError: expected ':'"
    second = f"cell {number['double.py']}, line 2 failed: ModuleNotFoundError: No module named 'not_there'"
    assert said["q1.half"] == first, run.said
    assert said["q1.double"] == f"not started; {second}; {first.removeprefix('not started; ')}"
    assert "count raised NameError (cell " in said["q1.count"]
    assert said["q1.kinds"].startswith("not started; ")
    assert f"reached for autograd or torch.optim (cell {number['step.py']}, line 3)" in said["q1.step"]
    assert run.points["q1.last"] == support.POINTS["q1.last"]
    assert run.results["complete"]


def test_what_jupyter_runs_from_top_to_bottom_is_graded_so(course, of_modules, tmp_path) -> None:
    """Helpers in cells of other files, cells that only try something, magics, a cell that was moved."""

    def edit(cells: list[dict[str, Any]]) -> None:
        half = cell_of(cells, " half.py ")
        cells.insert(half, code("# scratch\nraise SystemExit('not handed in')"))
        cells.insert(half + 2, code("def twice(x):\n    return 2 * x\n\ntwice(3)"))
        double = cell_of(cells, " double.py ")
        cells[double]["source"] = (
            "%%time\n# ---- double.py ----\nimport torch\n\n\n"
            "def double(x: torch.Tensor) -> torch.Tensor:\n    return twice(x)\n\n\n!ls\ndisplay(twice(2))"
        )
        last = cell_of(cells, " last.py ")
        cells.append(cells.pop(last))

    run = graded(course, tmp_path, filled(SMALL, "q1", edit), name="Aufgabe 1 (2).ipynb")
    assert run.points == of_modules.points, run.said
    assert run.results["problems"] == []


@pytest.mark.slow
def test_a_cell_that_trains_is_stopped_and_the_questions_are_judged(tmp_path) -> None:
    course = support.copy_course(tmp_path / "c")
    for path in (course / "assignments/q1").glob("test_*.py"):
        path.write_text(path.read_text().replace("timeout(1)", "timeout(20)"))

    def edit(cells: list[dict[str, Any]]) -> None:
        cells.insert(cell_of(cells, " half.py "), code("while True:\n    sum(range(1000))"))

    run = graded(course, tmp_path, filled(SMALL, "q1", edit), "-k", "half or last")
    assert run.points["q1.half"] == support.POINTS["q1.half"], run.said
    assert run.points["q1.last"] == support.POINTS["q1.last"]


@pytest.mark.slow
def test_where_the_cells_leave_no_time_for_a_test_the_way_out_is_said(course, tmp_path) -> None:
    """The tests of the small course have a second."""

    def edit(cells: list[dict[str, Any]]) -> None:
        cells.insert(cell_of(cells, " half.py "), code("while True:\n    sum(range(1000))"))

    run = graded(course, tmp_path, filled(SMALL, "q1", edit), "-k", "test_last_random")
    assert "begin with the line '# scratch'" in run.test("test_last_random")["message"], run.said


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"import torch", "is no notebook that can be read"),
        (notebook("x = 1", nbformat=2), "has the notebook format 2"),
        (b'{"nbformat": 4, "x": ' + b"[" * 100_000, "nested too deeply"),
    ],
    ids=["no JSON", "format 2", "deep"],
)
def test_what_cannot_be_read_is_said_in_every_results_file(course, tmp_path, content, says) -> None:
    run = graded(course, tmp_path, content)
    assert run.status == support.USAGE
    assert says in run.results["problems"][0]
    assert says in run.gradescope["output"]
    assert run.results["score"] == 0
    assert "Traceback" not in run.said


# -- the real assignments

CHEAP = ["p1.backward", "p1.warmup", "p1.reasons"]


def test_cheap_questions_of_a_real_assignment(tmp_path) -> None:
    run = graded(
        HERE.root,
        tmp_path,
        filled(HERE, "p1"),
        *("-k", " or ".join(CHEAP)),
        name="p1.ipynb",
        target="assignments/p1",
    )
    for name in CHEAP:
        question = run.question(name)
        assert question["points"] == question["max_points"] > 0, run.said


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("assignment", HERE.assignments())
def test_a_filled_notebook_of_each_assignment_gets_all_points(tmp_path, assignment) -> None:
    """Whatever its kernel has left in it: outputs, counts."""

    def edit(cells: list[dict[str, Any]]) -> None:
        for number, cell in enumerate(cell for cell in cells if cell["cell_type"] == "code"):
            cell["execution_count"] = number + 1
            cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": ["done\n"]}]

    run = graded(
        HERE.root,
        tmp_path,
        filled(HERE, assignment, edit),
        name=f"{assignment}.ipynb",
        target=f"assignments/{assignment}",
        seconds=1700,
    )
    lost = {q["id"]: q["message"] for q in run.results["questions"] if q["points"] < q["max_points"]}
    assert lost == {}, run.said
    assert run.results["score"] == run.results["max_score"] == 100
    assert run.results["complete"]


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("assignment", HERE.assignments())
def test_an_untouched_notebook_of_each_assignment_gets_nothing(tmp_path, assignment) -> None:
    run = graded(
        HERE.root,
        tmp_path,
        untouched(HERE, assignment),
        name=f"{assignment}.ipynb",
        target=f"assignments/{assignment}",
        seconds=1700,
    )
    assert run.results["score"] == 0
    # A question that has nothing to write needs others, which are not started either.
    assert {question["outcome"] for question in run.results["questions"]} == {"not_started"}, run.said
    assert run.results["complete"]
