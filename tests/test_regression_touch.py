"""Which tests a change concerns, told from the text: never too few, and not all of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from regressed import assignment, planned

from grader.config import Course, GateSpec
from grader.names import defined, looked_up, mentioned, statements
from grader.regression.chosen import Chosen
from grader.regression.reach import Reach
from grader.regression.touch import changed

HERE = Course(Path(__file__).parents[1])

# -- names


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("def f(): inner = 1", "f"),
        ("async def f(): ...", "f"),
        ("class C:\n    x = 1", "C"),
        ("a, (b, c) = 1, (2, 3)", "a b c"),
        ("a: int = 1", "a"),
        ("import a.b, c as d", "a d"),
        ("from a import b, c as d", "b d"),
        ("if x:\n    def f(): ...\nelse:\n    y = 1", "f y"),
        ("print(x)", ""),
    ],
)
def test_what_a_statement_binds(text: str, names: str) -> None:
    (statement,) = statements(text)
    assert defined(statement) == set(names.split())


def test_what_a_statement_mentions_and_what_of_it_is_not_its_own() -> None:
    text = """
def f(x, y=DEFAULT):
    \"\"\"Of what a docstring says, nothing.\"\"\"
    total = [z.real for z in x]
    def g(deep): return deep + total + y + OUTSIDE
    return g(getattr(other, "by_name"), "two words")
"""
    (statement,) = statements(text)
    alike = {"DEFAULT", "OUTSIDE", "real", "getattr", "other", "by_name"}
    assert set(looked_up(statement)) - {"f"} == alike
    assert set(mentioned(statement)) == alike | {"x", "y", "z", "g", "deep", "total"}


def test_a_class_looks_up_what_its_body_does() -> None:
    (statement,) = statements("class C(Base):\n    n = LIMIT\n    m = n\n    def f(self): return n")
    assert {"Base", "LIMIT", "n"} <= set(looked_up(statement))


# -- what a change of a file changes

BEFORE = "import math\n\nLIMIT = 3\n\n\ndef f(x):\n    return x\n\n\nclass C:\n    def g(self): return 1\n"


@pytest.mark.parametrize(
    ("after", "names"),
    [
        (BEFORE, ""),
        (BEFORE.replace("return x", "return x  # as before"), ""),
        (BEFORE.replace("return x", "return -x"), "f"),
        (BEFORE.replace("return 1", "return 2"), "C"),
        (BEFORE.replace("LIMIT = 3", "LIMIT = 4"), "LIMIT"),
        (BEFORE.replace("LIMIT = 3\n", ""), "LIMIT"),
        (BEFORE.replace("import math", "from numpy import math as m, pi"), "math m pi"),
        (BEFORE + '"""A mistake."""\n\n\ndef f(x, helper=0): return 0\n', "f"),
        (BEFORE + "C.g = lambda self: 2\n", "C"),
        (BEFORE + "C.TABLE['a'], (LIMIT, *_) = f(1), [1, 2]\n", None),
        (BEFORE + "C.TABLE['a'], LIMIT = f(1), 2\n", "C LIMIT"),
        (BEFORE + "C.g.x: int = 2\n", "C"),
        (BEFORE + "setattr(C, 'g', 2)\n", None),
        (BEFORE + "if LIMIT:\n    LIMIT = 2\n", None),
        (BEFORE + "f(1).x = 2\n", None),
    ],
)
def test_a_change_tells_its_names_or_that_it_cannot_be_told(after: str, names: str | None) -> None:
    assert changed(BEFORE, after) == (None if names is None else set(names.split()))


def test_of_two_equal_statements_one_that_goes_is_no_change_of_what_is_bound() -> None:
    assert changed("f = 1\nf = 1\n", "f = 1\n") == frozenset()


# -- which tests come to a name

TESTED = [planned("test_a", "q1.a"), planned("test_b", "q1.a")]
GATES = {"q1.a": GateSpec(measure="share", wrong=[])}


def concerned(folder: Path, test_a: str, a: str, name: str, **files: str) -> bool:
    """Whether test_a, which does ``test_a``, is concerned by a change of this name of a.py."""
    where, reference = folder / "q1", folder / "reference"
    for each in (where, reference):
        each.mkdir()
    tests = f"def test_a(student, bench, answer=None): {test_a}\n\n\ndef test_b(student): student.a.apart()\n"
    (where / "test_hidden_a.py").write_text(tests)
    (reference / "a.py").write_text(a)
    (reference / "b.py").write_text(files.pop("b", ""))
    for file, text in files.items():
        (where / f"{file}.py").write_text(text)
    reach = Reach(assignment(where, "a.py", "b.py", gates=GATES), reference, TESTED)
    found = reach.tests("a", frozenset({name}))
    assert reach.tests("a", None) == {test.test for test in TESTED}
    return TESTED[0].test in found


A = """
import functools as tools
from b import far as near

TABLE = {"one": one}
def f(x): return g(x) + 1
def g(x): return x
def one(x): return x
def apart(): return LIMIT
LIMIT = 3
def first_step(x): return x
def cached(): return tools.lru_cache(near)
class C:
    def forward(self): return g(1)
"""


@pytest.mark.parametrize(
    ("test", "name", "expected"),
    [
        ("student.a.f(1)", "f", True),
        ("student.a.f(1)", "g", True),
        ("student.a.f(1)", "apart", False),
        ("student.a.f(1)", "LIMIT", False),
        ("student.a.C()", "g", True),
        ("getattr(student.a, 'g')(1)", "g", True),
        ("student.call('a.g')", "g", True),
        ("student.call('q1.g')", "g", False),  # a question
        ("[student.call(each) for each in 'f apart'.split()]", "LIMIT", True),
        ("getattr(student.a, f'{rule}_step')(1)", "first_step", True),
        ("getattr(student.a, f'{rule}_step')(1)", "f", False),
        ("getattr(student.a, f'{rule}{part}')(1)", "apart", True),
        ("student.a.TABLE['one'](1)", "one", True),
        ("student.a.cached()", "near", True),
        ("student.run(bench.deep)", "g", True),
        ("student.run(bench.shallow)", "g", False),
        ("g = 1; student.a.apart(g)", "g", False),  # a variable of its own
        ("gate('q1.a').judge(student)", "g", True),
        ("check(answer, 'f and g differ')", "f", False),
    ],
)
def test_a_test_is_concerned_by_what_it_comes_to(
    tmp_path: Path, test: str, name: str, expected: bool
) -> None:
    files = {
        "bench": "def deep():\n    import a\n    return a.f(1)\n\n\ndef shallow(): return 1\n",
        "measure": "def share(subject, bench, seed): return subject.run(bench.deep)\n",
    }
    assert concerned(tmp_path, test, A, name, **files) is expected


def test_a_fixture_is_come_to_by_its_argument(tmp_path: Path) -> None:
    tests = "import pytest\n\n\n@pytest.fixture\ndef answer(student): return student.a.f(1)\n"
    assert concerned(tmp_path, "check(answer)", A, "g", conftest=tests)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("VALUE = g(1)", True),
        ("@g\ndef h(): ...", True),
        ("def h(x=g(1)): ...", True),
        ("class D(g): ...", True),
        ("class D:\n    x = f(2)", True),
        ("VALUE = g", False),
        ("def h(x=g): return g(1)", False),
        ('if __name__ == "__main__":\n    g(1)', False),
        ("if 1:\n    g(1)", True),
    ],
)
def test_what_is_called_while_a_module_is_loaded_concerns_whoever_loads_it(
    tmp_path: Path, line: str, expected: bool
) -> None:
    assert concerned(tmp_path, "student.a.apart()", f"{A}{line}\n", "g") is expected


def test_another_module_that_is_loaded_with_it_counts_too(tmp_path: Path) -> None:
    b = "import a\n\nVALUE = a.g(1)\n"
    assert concerned(tmp_path, "student.b.h(student.a.apart())", A, "g", b=b)


def test_a_test_that_is_no_plain_function_is_always_concerned(tmp_path: Path) -> None:
    where = tmp_path / "q1"
    where.mkdir()
    (where / "test_hidden_a.py").write_text("class TestAll:\n    def test_a(self): ...\n")
    (tmp_path / "a.py").write_text("def f(): ...\n")
    reach = Reach(assignment(where, "a.py"), tmp_path, TESTED[:1])
    assert reach.tests("a", frozenset({"f"})) == {TESTED[0].test}


# -- the course's own


@pytest.mark.parametrize("name", HERE.assignments())
def test_every_known_mistake_comes_to_a_test_of_each_question_that_it_fails(name: str) -> None:
    chosen = Chosen.of(HERE, name)
    questions = {test.test: test.question for test in chosen.table if test.device == "cpu"}
    lost, reach = chosen.before.losses, chosen.reach
    for each in chosen.known:
        if each.kind == "mistake" and each.id in lost:
            asked = reach.tests(Path(each.file).stem, each.changed)
            reached = {questions[test] for test in asked if test in questions}
            assert set(lost[each.id]) <= reached, json.dumps([each.id, sorted(each.changed or ())])
