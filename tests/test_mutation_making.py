"""Mutants as a whole: where they are made, what they are called, and those of the first assignment."""

from __future__ import annotations

import ast
import itertools
import math
import re
import subprocess
import sys
import textwrap
from collections import defaultdict
from pathlib import Path

import pytest

from grader.config import Course
from grader.faults import GraderFault
from grader.mutation import OPERATORS, Mutant, mutants, mutants_of
from grader.mutation.operators.calls import FUNCTIONS
from grader.mutation.program import program
from grader.release.student import build_student

COURSE = Course(Path(__file__).parents[1])

MODULE = '''
"""A module."""

import math

# ---- q1.first ----------------------------------------------------------------

LIMIT = 3


def first(x: float, scale: float = 1.5) -> float:
    """Doubled, with an example: 2 + 2."""
    # BEGIN SOLUTION q1.first
    doubled: float = 2 * x
    return doubled
    # END SOLUTION


# BEGIN SOLUTION
def _helper(x: int, most: int = 7) -> int:
    """Not more than 7."""
    return min(x, most)


# END SOLUTION
# ---- q1.second: with a word more ---------------------------------------------


class Second:
    def go(self, n: int) -> int:
        # BEGIN SOLUTION q1.second
        def inner(m: int) -> int:
            return m + 1

        return inner(n)
        # END SOLUTION


# BEGIN SOLUTION q1.second
ANSWER: dict[str, int] | None = {"a": 5}
# END SOLUTION
'''
QUESTIONS = ("q1.first", "q1.second")


def of(text: str, questions: tuple[str, ...] = QUESTIONS) -> list[Mutant]:
    return mutants_of(textwrap.dedent(text), "x.py", questions)


def of_solution(text: str) -> list[Mutant]:
    return of(f"# BEGIN SOLUTION q1.first\n{textwrap.dedent(text).strip()}\n# END SOLUTION\n")


@pytest.fixture(scope="module")
def of_p1() -> list[Mutant]:
    reference = COURSE.reference("p1")
    assert reference is not None
    return mutants(COURSE.assignment("p1"), reference)


def test_only_solutions_are_changed_and_each_belongs_to_its_question() -> None:
    lines = MODULE.splitlines()
    places = {(mutant.question, mutant.function, lines[mutant.line - 1].strip()) for mutant in of(MODULE)}
    assert places == {
        ("q1.first", "first", "doubled: float = 2 * x"),
        ("q1.first", "_helper", "def _helper(x: int, most: int = 7) -> int:"),
        ("q1.first", "_helper", "return min(x, most)"),
        ("q1.second", "Second.go.<locals>.inner", "return m + 1"),
        ("q1.second", "<module>", 'ANSWER: dict[str, int] | None = {"a": 5}'),
    }


def test_a_helper_above_all_sections_belongs_to_the_first_question_below() -> None:
    text = "# BEGIN SOLUTION\nA = 3\n# END SOLUTION\n# ---- q1.second ----\n"
    assert {mutant.question for mutant in of(text)} == {"q1.second"}
    marked = "# BEGIN SOLUTION\nA = 3\n# END SOLUTION\n# BEGIN SOLUTION q1.first\nB = A\n# END SOLUTION\n"
    assert {mutant.question for mutant in of(marked)} == {"q1.first"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("# BEGIN SOLUTION q1.third\nA = 3\n# END SOLUTION\n", r"x\.py, line 1: .*'q1\.third'"),
        ("\n# BEGIN SOLUTION\nA = 3\n# END SOLUTION\n", r"x\.py, line 2: .*no question"),
        ("# BEGIN SOLUTION q1.first\nA = 3\n", r"x\.py, line 1: .*never ends"),
        ("# BEGIN SOLUTION q1.first\nA = (\n# END SOLUTION\n", r"x\.py, line \d: not valid Python"),
    ],
)
def test_what_cannot_be_read_is_said_with_its_line(text: str, said: str) -> None:
    with pytest.raises(GraderFault, match=said):
        of(text)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(GraderFault, match=r"gradient_flow\.py"):
        mutants(COURSE.assignment("p1"), tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        '"""A docstring with 3 and 4 + 5."""',
        "import math",
        "from math import log1p, sin as cos",
        '__all__ = ["a", "b"]',
        "Role = tuple[int, ...]",
        "Number = int | float",
        "Number: TypeAlias = Literal[1, 2]",
        "type Number = Literal[1, 2]",
        'raise ValueError(f"{a + 1} of {b}")',
        'print("loss", a + 1)',
        'logger.info("loss %d", a + 1)',
        "@functools.cache(maxsize=3)\ndef f(x: Literal[1, 2]) -> Literal[3]:\n    ...",
        "a: Literal[1, 2] = b",
    ],
)
def test_what_decides_nothing_is_left_alone(text: str) -> None:
    assert of_solution(text) == []


def test_a_mutant_is_one_change_of_the_text() -> None:
    (mutant,) = [m for m in of(MODULE) if m.after == "return m - 1"]
    assert mutant.source == MODULE.replace("return m + 1", "return m - 1")
    assert (mutant.before, mutant.operator, mutant.module) == ("return m + 1", "sign", "x.py")
    assert mutant.line == MODULE.splitlines().index("            return m + 1") + 1
    assert re.fullmatch(r"q1\.second-sign-[0-9a-f]{8}", mutant.id)


def test_a_line_ends_where_python_says() -> None:
    """A form feed in a text ends a line for str.splitlines, and for no parser."""
    (mutant,) = [m for m in of_solution("page = '\x0c'; y = a - 1") if m.operator == "sign"]
    assert mutant.source.splitlines(keepends=True)[-2:] == ["'; y = a + 1\n", "# END SOLUTION\n"]


def test_the_same_program_is_made_once() -> None:
    """x[-1] becomes x[0] by two operators, and by a third x[-0], which is the same element."""
    found = of_solution("y = x[-1]")
    assert sorted(m.after for m in found) == ["y = x[-2]", "y = x[0]"]
    assert [m.operator for m in found if m.after == "y = x[0]"] == ["slice"]


def test_what_the_compiler_makes_the_same_of_is_no_mutant() -> None:
    assert program("y = -0") == program("y = 0")
    assert program("y = 1") != program("y = 1.0")
    assert program("y = 1") != program("y = True")
    assert program("y = 0.0") != program("y = -0.0")
    assert program("def f():\n    return x in {1, 2}") == program("def f():\n    return  x in {1, 2}  # set")
    assert program("break") is None
    assert of_solution("x *= 1\nif True:\n    y = x") == of_solution("x *= 1\nif True:\n    y = x")
    assert not [m for m in of_solution("if True:\n    y = x") if m.operator == "branch"]


def test_an_id_survives_edits_elsewhere() -> None:
    before = {mutant.id: (mutant.before, mutant.after) for mutant in of(MODULE)}
    edited = MODULE.replace("LIMIT = 3", "LIMIT = 4\n\n# More text.\n")
    edited = edited.replace("doubled: float = 2 * x", "doubled: float = x + x  # quicker")
    edited = edited.replace("    return doubled", "    halved = doubled / 4\n    return doubled")
    after = {mutant.id: (mutant.before, mutant.after) for mutant in of(edited)}
    gone = {name for name in before if name not in after}
    assert gone
    assert {before[name][0] for name in gone} == {"doubled: float = 2 * x"}
    assert all(before[name] == after[name] for name in before.keys() & after.keys())


def test_an_id_does_not_depend_on_layout_and_comments() -> None:
    flat = {m.id for m in of_solution("y = f(a + 1, b)")}
    assert flat == {m.id for m in of_solution("y = f(\n    a + 1,  # the next\n    b)")}


def test_equal_statements_have_ids_of_their_own() -> None:
    once = of_solution("def f(a):\n    g(a + 1)")
    twice = of_solution("def f(a):\n    g(a + 1)\n    g(a + 1)")
    assert len({m.id for m in twice}) == len(twice) == 2 * len(once)
    assert {m.id for m in once} < {m.id for m in twice}
    elsewhere = of_solution("def f(a):\n    g(a + 1)\ndef h(a):\n    g(a + 1)")
    assert len({m.id for m in elsewhere}) == len(elsewhere)


def test_long_statements_are_cut_around_the_change() -> None:
    keys = ", ".join(f'"key{number}": {number + 100}' for number in range(40))
    found = [m for m in of_solution(f"TABLE = {{{keys}}}") if '"key30": 131' in m.after]
    (mutant,) = found
    assert len(mutant.before) <= 120
    assert len(mutant.after) <= 120
    assert '"key30": 130' in mutant.before
    assert mutant.before.startswith("…")
    assert mutant.before.endswith("…")


@pytest.mark.timeout(120)
def test_every_mutant_of_the_first_assignment_is_another_program(of_p1: list[Mutant]) -> None:
    reference = COURSE.reference("p1")
    assert reference is not None
    seen: dict[str, set[str]] = defaultdict(set)
    for file in COURSE.assignment("p1").files:
        seen[file].add(ast.dump(ast.parse((reference / file).read_text())))
    for mutant in of_p1:
        compile(mutant.source, mutant.module, "exec")
        tree = ast.dump(ast.parse(mutant.source))
        assert tree not in seen[mutant.module], mutant
        seen[mutant.module].add(tree)
    assert len(of_p1) == sum(len(trees) - 1 for trees in seen.values()) > 300
    assert len({mutant.id for mutant in of_p1}) == len(of_p1)


def test_every_question_of_the_first_assignment_has_mutants_within_its_marks(of_p1: list[Mutant]) -> None:
    assert {mutant.question for mutant in of_p1} == set(COURSE.assignment("p1").questions)
    for mutant in of_p1:
        above = mutant.original[: mutant.start]
        assert above.count("BEGIN SOLUTION") == above.count("END SOLUTION") + 1, mutant


def test_the_mutants_come_in_the_order_of_the_text(of_p1: list[Mutant]) -> None:
    for _, group in itertools.groupby(of_p1, key=lambda mutant: mutant.module):
        starts = [mutant.start for mutant in group]
        assert starts == sorted(starts)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("assignment", COURSE.assignments())
def test_no_operator_is_idle_and_no_id_is_used_twice(assignment: str) -> None:
    reference = COURSE.reference(assignment)
    assert reference is not None
    found = mutants(COURSE.assignment(assignment), reference)
    assert len({mutant.id for mutant in found}) == len(found)
    assert {mutant.operator for mutant in found} <= {operator.name for operator in OPERATORS}
    assert len({mutant.operator for mutant in found}) >= len(OPERATORS) - 4


def test_the_functions_that_are_exchanged_are_there() -> None:
    """A name that no library has would make mutants that every test rejects."""
    import torch

    places = {
        "": torch.Tensor,
        "math": math,
        "torch": torch,
        "F": torch.nn.functional,
        "functional": torch.nn.functional,
        "nn": torch.nn,
        "init": torch.nn.init,
        "optim": torch.optim,
    }
    assert FUNCTIONS.keys() == places.keys()
    missing = [
        (library, name)
        for library, known in FUNCTIONS.items()
        for function, others in known.items()
        for name in (function, *others)
        if not hasattr(places[library], name)
    ]
    assert missing == []


@pytest.mark.timeout(120)
def test_students_do_not_get_what_makes_mutants(small_course: Course, tmp_path: Path) -> None:
    folder = build_student(small_course, [], tmp_path / "out").folder
    assert (folder / "grader" / "release" / "blocks.py").is_file()
    assert not (folder / "grader" / "mutation").exists()
    # Nothing that students use asks for it.
    code = f"import sys; sys.path[:0] = [{str(folder)!r}]; import grader.cli as cli; print(cli.__file__)"
    run = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, timeout=60)
    assert run.stdout.strip() == str(folder / "grader" / "cli.py"), run.stderr
