"""What a regression grades, and with which tests: those that a change can touch, and never too few."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from regressed import TABLE, assignment, became, drawn, planned, record, solution

from grader.config import ConfigError, Course, GateSpec
from grader.points import read_points
from grader.regression.choice import LONG_SECONDS, STAYS, choice_for, long_tests
from grader.regression.chosen import Chosen
from grader.regression.reach import Reach
from grader.regression.sampling import sampled
from grader.regression.solutions import Solution, lay_out, reference_of, solutions

HERE = Course(Path(__file__).parents[1])
X, Y, Z = TABLE

# -- solutions


def alternative(course: Course, name: str, text: str = "def half(number): return number / 2\n") -> Path:
    folder = course.root / "reference/q1/alternatives" / name
    folder.mkdir(parents=True)
    (folder / "halves.py").write_text(text)
    return folder


def test_everything_whose_grade_is_known_is_graded(small_course: Course) -> None:
    alternative(small_course, "b_style")
    alternative(small_course, "a_style")
    alternative(small_course, "_helper")
    found = solutions(small_course, small_course.assignment("q1"))
    assert [each.id for each in found] == [
        "reference",
        "starter",
        "alternative a_style",
        "alternative b_style",
        "mistake divides_by_n_minus_one",
        "mistake harmless",
    ]
    assert [each.right for each in found] == [True, False, True, True, False, False]
    assert found[1].questions is None
    assert found[4].questions == {"q1.mean"}
    assert found[4].file == "halves.py"


def test_each_is_laid_out_as_it_would_be_handed_in(small_course: Course, tmp_path: Path) -> None:
    mine = alternative(small_course, "style")
    where, assigned = small_course.reference("q1"), small_course.assignment("q1")
    assert where is not None
    laid = {}
    for each in solutions(small_course, assigned):
        folder = lay_out(each, assigned, where, tmp_path / each.name)
        assert [path.name for path in folder.iterdir()] == ["halves.py"]
        laid[each.id] = (folder / "halves.py").read_text()
    reference = (where / "halves.py").read_text()
    assert laid["reference"] == reference
    assert laid["starter"] == (small_course.starter("q1") / "halves.py").read_text()
    assert laid["alternative style"] == (mine / "halves.py").read_text()
    mistake = (where / "mistakes/harmless.py").read_text()
    assert laid["mistake harmless"] == f"{reference}\n\n{mistake}"


@pytest.mark.parametrize(
    ("text", "said"),
    [(None, "halves.py"), ("def half(:\n", "line 1"), (b"# \xff\n", "not UTF-8")],
)
def test_an_alternative_that_is_not_whole_is_refused(
    small_course: Course, text: str | bytes | None, said: str
) -> None:
    folder = alternative(small_course, "style")
    if text is None:
        (folder / "halves.py").unlink()
    else:
        (folder / "halves.py").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ConfigError, match=said) as refused:
        solutions(small_course, small_course.assignment("q1"))
    assert "alternatives/style" in str(refused.value)


@pytest.mark.parametrize("module", ["given", "nothing"])
def test_a_mistake_in_what_is_not_handed_in_is_refused(small_course: Course, module: str) -> None:
    """Its change would be graded as the reference is."""
    path = small_course.root / "reference/q1/mistakes/harmless.py"
    path.write_text(path.read_text().replace('MODULE = "halves"', f'MODULE = "{module}"'))
    with pytest.raises(ConfigError, match=rf"mistakes/harmless.py: no module '{module}'"):
        solutions(small_course, small_course.assignment("q1"))


def test_a_student_release_has_nothing_to_prove(small_course: Course) -> None:
    (small_course.root / "reference").rename(small_course.root / "elsewhere")
    with pytest.raises(ConfigError, match="student release"):
        reference_of(small_course, small_course.assignment("q1"))
    with pytest.raises(ConfigError, match="student release"):
        Chosen.of(small_course, "q1")


# -- reach

TESTED = [
    planned("test_a", "q1.a"),
    planned("test_b", "q1.b"),
    planned("test_c", "q1.c"),
    planned("test_d", "q1.d"),
]


def reach(tmp_path: Path, files: dict[str, str], **more: Any) -> Reach:
    """Of four questions in a.py to d.py, whose tests name nothing but what ``files`` says."""
    where, reference = tmp_path / "q1", tmp_path / "reference"
    for folder in (where, reference):
        folder.mkdir()
    for name in "abcd":
        (where / f"test_hidden_{name}.py").write_text(f"def test_{name}(student): ...\n")
        (reference / f"{name}.py").write_text("import math\n")
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    return Reach(assignment(where, "a.py", "b.py", "c.py", "d.py", **more), reference, TESTED)


def touched(reach: Reach, module: str) -> list[str]:
    return sorted(name.removeprefix("q1.") for name in reach.questions(module))


def test_a_file_that_no_other_test_can_load_touches_its_own_question(tmp_path: Path) -> None:
    found = reach(tmp_path, {})
    assert [touched(found, name) for name in "abcd"] == [["a"], ["b"], ["c"], ["d"]]


def test_a_file_that_a_test_names_is_loaded(tmp_path: Path) -> None:
    text = "def test_b(student):\n    student.a.f()\n"
    found = reach(tmp_path, {"q1/test_hidden_b.py": text})
    assert [touched(found, name) for name in "abcd"] == [["a", "b"], ["b"], ["c"], ["d"]]


def test_a_part_of_a_word_is_no_name(tmp_path: Path) -> None:
    found = reach(tmp_path, {"q1/test_hidden_b.py": "def test_b(student): student.b.an_a_or_aa()\n"})
    assert touched(found, "a") == ["a"]


def test_what_a_file_imports_comes_with_it(tmp_path: Path) -> None:
    files = {"reference/b.py": "from a import f\n", "reference/c.py": "def g():\n    import b\n"}
    found = reach(tmp_path, files)
    assert [touched(found, name) for name in "abcd"] == [["a", "b", "c"], ["b", "c"], ["c"], ["d"]]


def test_a_name_in_a_comment_of_a_solution_is_no_import(tmp_path: Path) -> None:
    assert touched(reach(tmp_path, {"reference/b.py": '"""As a does, d too."""\n'}), "a") == ["a"]


def test_what_a_bench_loads_counts_for_the_tests_that_use_it(tmp_path: Path) -> None:
    files = {
        "q1/test_hidden_b.py": "def test_b(student, bench): student.run(bench.deep)\n",
        "q1/bench.py": "def deep():\n    from bench_more import deeper\n",
        "q1/bench_more.py": "import a\n\n\ndef deeper(): ...\n",
        "q1/bench_other.py": "import c\n\n\ndef unused(): ...\n",
    }
    found = reach(tmp_path, files)
    assert [touched(found, name) for name in "abcd"] == [["a", "b"], ["b"], ["c"], ["d"]]


def test_a_helper_is_found_by_its_file_and_by_its_classes(tmp_path: Path) -> None:
    files = {
        "q1/test_hidden_b.py": 'shared = beside(__file__, "shared_public_b")\n',
        "q1/test_hidden_c.py": "def test_c(student, bench): bench.Kind\n",
        "q1/shared_public_b.py": "NAMES = ['d']\n",
        "q1/bench_c.py": "class Kind:\n    d = 1\n",
    }
    assert touched(reach(tmp_path, files), "d") == ["b", "c", "d"]


def test_a_gate_loads_what_its_measure_asks_for(tmp_path: Path) -> None:
    files = {
        "q1/test_hidden_b.py": 'def test_b(gate, student): gate("q1.b").judge(student)\n',
        "q1/measure.py": "def share(subject, bench, seed): return subject.run(bench.trained)\n",
        "q1/bench.py": "def trained():\n    import d\n",
    }
    gates = {"q1.b": GateSpec(measure="share", wrong=[])}
    assert touched(reach(tmp_path, files, gates=gates), "d") == ["b", "d"]


def test_a_given_file_may_load_one_that_is_handed_in(tmp_path: Path) -> None:
    files = {
        "reference/given.py": "import d\n",
        "reference/b.py": "from given import C\n",
        "q1/test_hidden_c.py": "def test_c(student): student.given.f()\n",
    }
    assert touched(reach(tmp_path, files, given=["given.py", "films.csv"]), "d") == ["b", "c", "d"]


@pytest.mark.parametrize("name", HERE.assignments())
def test_every_question_of_the_course_reaches_its_own_file(name: str) -> None:
    each = Chosen.of(HERE, name)
    found = each.reach
    for question, said in each.assignment.questions.items():
        assert question in found.questions(Path(said.file).stem)
    # And whatever a test file asks a file by its name, it reaches.
    for test in read_points(each.assignment.points_path):
        text = (each.assignment.folder / test.test.split("::")[0]).read_text()
        for file in each.assignment.files:
            if f"student.{Path(file).stem}." in text:
                assert test.question in found.questions(Path(file).stem), test.test


# -- choice


def reference(**seconds: float) -> Any:
    return record("reference", *(became(plan, cpu_seconds=seconds.get(plan.title, 0.1)) for plan in TABLE))


class Everywhere(Reach):
    """Each file touches these questions, and all their tests but those that ``spared`` names."""

    def __init__(self, *touched: str, table: Any = TABLE, spared: str = "") -> None:
        self.touched, self.table, self.spared = frozenset(touched), table, spared.split()

    def questions(self, module: str) -> frozenset[str]:
        return self.touched

    def tests(self, module: str, names: frozenset[str] | None) -> frozenset[str]:
        return frozenset(
            test.test
            for test in self.table
            if test.question in self.touched and test.test.partition("::")[2] not in self.spared
        )


def choice(
    each: Solution,
    *touched: str,
    table: Any = TABLE,
    short: bool = False,
    spared: str = "",
    **seconds: float,
) -> Any:
    long = long_tests(reference(**seconds))
    return choice_for(each, table, Everywhere(*touched, table=table, spared=spared), long, short=short)


def test_a_mistake_is_graded_with_the_tests_that_it_can_touch() -> None:
    one = solution("mistake", "one", "q1.a")
    assert choice(one, "q1.a") == (X.test, Y.test)
    assert choice(one, "q1.a", "q1.b") == (X.test, Y.test, Z.test)


def test_a_question_that_loads_the_file_keeps_a_witness() -> None:
    """A changed file that cannot be loaded fails every test: one of each question is enough to see it."""
    one = solution("mistake", "one", "q1.a")
    table = [*TABLE, planned("test_v", "q1.b"), planned("test_w", "q1.b", rung="interface")]
    spared = "test_v test_w test_z"
    assert choice(one, "q1.a", "q1.b", table=table, spared=spared) == (X.test, Y.test, table[-1].test)
    assert choice(one, "q1.a", "q1.b", table=table[:-1], spared=spared) == (X.test, Y.test, table[3].test)
    asked = choice(one, "q1.a", "q1.b", table=table[:3], spared=spared, test_z=9.0)
    assert asked == (X.test, Y.test)  # a training run is no cheap witness


def test_a_long_test_is_asked_of_those_that_are_declared_to_fail_its_question() -> None:
    one = solution("mistake", "one", "q1.a")
    assert choice(one, "q1.a", "q1.b", test_z=LONG_SECONDS + 0.1) == (X.test, Y.test)
    assert choice(one, "q1.a", "q1.b", test_z=LONG_SECONDS) == (X.test, Y.test, Z.test)
    assert choice(one, "q1.a", "q1.b", test_x=100.0) == (X.test, Y.test, Z.test)
    assert long_tests(reference(test_z=LONG_SECONDS + 0.1)) == {Z.test}


def test_a_test_near_the_limit_stays_on_its_side() -> None:
    slower, faster = LONG_SECONDS * STAYS, LONG_SECONDS / STAYS
    assert long_tests(reference(test_x=slower, test_z=faster + 0.1), {Z.test}) == {Z.test}
    assert long_tests(reference(test_x=slower + 0.1, test_z=faster), {Z.test}) == {X.test}
    assert long_tests(reference(test_z=LONG_SECONDS + 0.1), ()) == set()  # somebody has looked


def test_a_declared_question_is_asked_even_if_nothing_seems_to_load_the_file() -> None:
    assert choice(solution("mistake", "one", "q1.b"), "q1.a") == (X.test, Y.test, Z.test)


def test_no_test_for_a_gpu_is_chosen() -> None:
    table = [*TABLE, planned("test_gpu", device="cuda")]
    assert choice(solution("mistake", "one", "q1.a"), "q1.a", table=table) == (X.test, Y.test)
    assert choice(solution("starter"), table=table, short=True) == (X.test, Y.test, Z.test)


def test_all_tests_are_asked_of_what_is_not_a_change_of_one_file() -> None:
    for kind in ("reference", "starter", "alternative"):
        assert choice(solution(kind), "q1.a") == ()
    assert choice(solution("reference"), short=True, test_z=9.0) == ()
    assert choice(solution("alternative"), short=True, test_z=9.0) == (X.test, Y.test)


# -- a sample

WRONG = [
    solution("mistake", f"m{number}", question)
    for number, question in enumerate(["q1.a"] * 12 + ["q1.b"] * 3 + ["q1.c"])
]
OTHERS = [solution("alternative", name) for name in ("x", "y", "z")]
ALL = [solution("reference"), solution("starter"), *OTHERS, *WRONG]


@pytest.mark.parametrize("wrong", [1, 3, 6, 10, 16, 40])
def test_a_sample_takes_the_questions_in_turn(wrong: int) -> None:
    found = sampled(ALL, wrong, seed=3)
    assert [each for each in ALL if each in found] == found
    assert found[:2] == ALL[:2]
    kinds = Counter(each.kind for each in found)
    assert kinds == {"reference": 1, "starter": 1, "alternative": 1, "mistake": min(wrong, 16)}
    taken = Counter(min(each.questions or {""}) for each in found if each.kind == "mistake")
    there = {"q1.a": 12, "q1.b": 3, "q1.c": 1}
    rounds = max(taken.values())
    for question, count in there.items():
        assert min(count, rounds - 1) <= taken[question] <= min(count, rounds)


def test_a_sample_depends_on_the_seed_alone() -> None:
    other_order = [*ALL[:5], *reversed(ALL[5:])]
    assert set(sampled(ALL, 5, seed=1)) == set(sampled(other_order, 5, seed=1))
    drawn_sets = {frozenset(each.id for each in sampled(ALL, 5, seed=drawn(str(n)))) for n in range(20)}
    assert len(drawn_sets) > 10


def test_a_sample_of_nothing_wrong_is_everything_right() -> None:
    assert sampled(ALL[:2], 4, seed=1) == ALL[:2]
