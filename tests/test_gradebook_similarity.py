"""Near-identical submissions: what is listed, what is not, and what hostile files do to it."""

from __future__ import annotations

import ast
import json
import shutil
import stat
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import notebook_files
import pytest
from archives import zipped
from hypothesis import given
from hypothesis import strategies as st
from notebook_files import filled

from grader.config import ConfigError, Course
from grader.faults import GraderFault
from grader.gradebook import similarity
from grader.gradebook.similarity import Pair, SimilarFileError, find, load, store
from grader.gradebook.token_streams import MAX_CHARACTERS, MAX_TOKENS, functions
from grader.mistakes import plant, read_mistakes

COURSE = Course(Path(__file__).parents[1])
ASSIGNMENTS = COURSE.assignments()

CONFIGURATION = """
title = "A question"
files = ["own.py", "more.py"]
given = ["given.py"]

[questions."q1.own"]
title = "Own"
file = "own.py"
minutes = 1
review = "Reread."

[questions."q1.more"]
title = "More"
file = "more.py"
minutes = 1
review = "Reread."
"""
GIVEN = """
def shuffled(items, seed):
    order = list(range(len(items)))
    for place in reversed(range(1, len(order))):
        seed = (seed * 1103515245 + 12345) % 2**31
        other = seed % (place + 1)
        order[place], order[other] = order[other], order[place]
    return [items[place] for place in order]
"""
STUBS = '''
def own(numbers: list[float], *, least: float = 0.0, most: float = 1.0, steps: int = 3) -> dict[str, float]:
    """A docstring."""
    raise NotImplementedError("q1.own")
'''
SOLUTION = '''
"""A module."""

import math


def own(numbers: list[float], *, least: float = 0.0, most: float = 1.0, steps: int = 3) -> dict[str, float]:
    """A docstring."""
    if not numbers:
        raise ValueError("nothing there")
    width = (most - least) / steps
    counts = [0] * steps
    for number in numbers:
        if math.isnan(number):
            continue
        place = min(int((number - least) / width), steps - 1)
        counts[max(place, 0)] += 1
    total = sum(counts)
    return {f"{least + width * at:.2f}": count / total for at, count in enumerate(counts)}


class Window:
    """The last few."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.kept: list[float] = []

    def add(self, number: float) -> float:
        # the oldest goes
        self.kept = [*self.kept, number][-self.size :]
        if len(self.kept) < self.size:
            return sum(self.kept) / len(self.kept) if self.kept else 0.0
        smallest, largest = min(self.kept), max(self.kept)
        return (sum(self.kept) - smallest - largest) / max(len(self.kept) - 2, 1)
'''
# Other layout, names, comments, numbers and order; a docstring and annotations fewer.
DISGUISED = '''
class Recent:
    def add(me, x: float) -> float:
        me.all = [
            *me.all,
            x,
        ][-me.n :]
        if len(me.all) < me.n:
            return (sum(me.all) / len(me.all) if me.all else 0)
        lo, hi = min(me.all), max(me.all)  # outliers
        return (sum(me.all) - lo - hi) / max(len(me.all) - 2, 1)

    def __init__(me, n: int) -> None:
        """It keeps n of them."""
        me.n = n
        me.all: list[float] = []


from math import isnan


def own(numbers: list[float], *, least: float = 0.0, most: float = 1.0, steps: int = 3) -> dict[str, float]:
    if not numbers: raise ValueError('no numbers were given to this function')
    w = (most - least) / steps
    histogram = [0] * steps

    for value in numbers:
        if isnan(value): continue
        where = min(
            int((value - least) / w),
            steps - 1,
        )
        histogram[max(where, 0)] += 1
    n = sum(histogram)
    return {f"{least + w * i:.2f}": h / n for i, h in enumerate(histogram)}
'''
OTHER = """
from collections import Counter, deque

import numpy as np


def own(numbers: list[float], *, least: float = 0.0, most: float = 1.0, steps: int = 3) -> dict[str, float]:
    values = np.asarray(numbers, dtype=float)
    if values.size == 0:
        raise ValueError("empty")
    edges = np.linspace(least, most, steps + 1)
    finite = np.clip(values[np.isfinite(values)], least, most)
    found = Counter(np.searchsorted(edges[1:-1], finite, side="right").tolist())
    shares = {}
    for at in range(steps):
        name = format(edges[at], ".2f")
        shares[name] = found[at] / finite.size
    return shares


class Window:
    def __init__(self, size):
        self.kept = deque(maxlen=size)

    def add(self, number):
        self.kept.append(number)
        ordered = np.sort(self.kept)
        full = ordered.size == self.kept.maxlen
        while full and ordered.size > 2:
            ordered, full = ordered[1:-1], False
        return float(np.mean(ordered))
"""


def course(folder: Path) -> Course:
    (folder / "assignments/q1").mkdir(parents=True)
    (folder / "assignments/q1/assignment.toml").write_text(CONFIGURATION)
    (folder / "starter/q1").mkdir(parents=True)
    (folder / "starter/q1/given.py").write_text(GIVEN)
    (folder / "starter/q1/own.py").write_text(STUBS)
    (folder / "starter/q1/more.py").write_text("MORE = None\n")
    return Course(folder)


def listed(folder: Path, **texts: str | bytes) -> list[Pair]:
    """The pairs of submissions with these texts for own.py, whatever share they have."""
    return find(course(folder / "course"), handed_in(folder, **texts), ["q1"], least=0.0)


def handed_in(folder: Path, **texts: str | bytes) -> list[tuple[str, Path]]:
    for name, text in texts.items():
        (folder / name).mkdir(parents=True)
        (folder / name / "own.py").write_bytes(text if isinstance(text, bytes) else text.encode())
    return [(name, folder / name) for name in texts]


def test_a_disguised_copy_is_listed(tmp_path: Path) -> None:
    (pair,) = listed(tmp_path, ann=SOLUTION, bob=DISGUISED)
    assert (pair.first, pair.second, pair.assignment, pair.files) == ("ann", "bob", "q1", ["own.py"])
    assert pair.share_first == pair.share_second == pair.share == 1.0
    assert pair.tokens >= similarity.LEAST_SUBMISSION


def test_another_solution_is_not(tmp_path: Path) -> None:
    assert listed(tmp_path, ann=SOLUTION, bob=OTHER) == []


def test_a_copy_with_much_beside_it_has_a_share_of_its_own(tmp_path: Path) -> None:
    own_work = OTHER.replace("def own", "def mine").replace("class Window", "class Mine")
    (pair,) = listed(tmp_path, ann=SOLUTION + own_work, bob=SOLUTION)
    assert pair.share_first < 0.7
    assert pair.share_second == pair.share == 1.0


def test_the_most_alike_come_first_and_the_order_of_submissions_changes_nothing(tmp_path: Path) -> None:
    half = SOLUTION.partition("class Window")[0] + "class" + OTHER.partition("\nclass")[2]
    entries = handed_in(tmp_path, cid=half, bob=DISGUISED, ann=SOLUTION)
    made = course(tmp_path / "course")
    pairs = find(made, entries, ["q1"], least=0.3)
    assert [(pair.first, pair.second) for pair in pairs] == [("ann", "bob"), ("ann", "cid"), ("bob", "cid")]
    assert pairs[0].share > pairs[1].share == pairs[2].share
    assert find(made, entries[::-1], ["q1"], least=0.3) == pairs
    assert find(made, entries, ["q1"], least=0.9) == pairs[:1]


def test_starter_and_given_files_do_not_count(tmp_path: Path) -> None:
    assert listed(tmp_path, ann=STUBS + GIVEN * 3, bob=STUBS + GIVEN * 3) == []


def test_what_the_starter_gives_is_taken_out_of_what_counts(tmp_path: Path) -> None:
    (alone,) = listed(tmp_path / "1", ann=SOLUTION, bob=SOLUTION)
    (beside,) = listed(tmp_path / "2", ann=SOLUTION + GIVEN, bob=SOLUTION + GIVEN)
    assert beside.tokens == alone.tokens


def test_what_more_than_half_of_the_class_has_counts_for_nobody(tmp_path: Path) -> None:
    everybody = {f"s{number}": SOLUTION for number in range(5)}
    others = {f"t{number}": OTHER for number in range(4)}
    pairs = listed(tmp_path / "1", **everybody, **others)
    assert {(pair.first[0], pair.second[0]) for pair in pairs} == {("t", "t")}
    one_more = {**others, "t4": OTHER}  # five of ten are not more than half
    pairs = listed(tmp_path / "2", **everybody, **one_more)
    assert {(pair.first[0], pair.second[0]) for pair in pairs} == {("s", "s"), ("t", "t")}


def test_of_a_few_submissions_nothing_counts_as_common(tmp_path: Path) -> None:
    assert len(listed(tmp_path, ann=SOLUTION, bob=SOLUTION, cid=SOLUTION, dan=SOLUTION)) == 6


def test_tiny_submissions_are_left_out(tmp_path: Path) -> None:
    small = SOLUTION.partition("class Window")[0]
    assert listed(tmp_path, ann=small, bob=small) == []


def test_what_stands_outside_of_functions_does_not_count(tmp_path: Path) -> None:
    table = "CHOICES = {\n" + "".join(f"    'c{at}': ({at}, 'because'),\n" for at in range(100)) + "}\n"
    assert listed(tmp_path, ann=table, bob=table) == []


def test_functions_are_compared_within_a_file_and_files_are_named(tmp_path: Path) -> None:
    entries = handed_in(tmp_path, ann=SOLUTION, bob=SOLUTION)
    for name, path in entries:
        (path / "more.py").write_text(DISGUISED.replace("def own", "def more") if name == "ann" else OTHER)
    (pair,) = find(course(tmp_path / "course"), entries, ["q1"], least=0.3)
    assert pair.files == ["own.py"]
    assert pair.share < 0.7


def test_folders_zips_and_notebooks_are_taken_as_they_are_graded(tmp_path: Path) -> None:
    made = course(tmp_path / "course")
    (first,) = handed_in(tmp_path, ann=SOLUTION)
    (tmp_path / "bob.zip").write_bytes(zipped({"own.py": SOLUTION.encode()}))
    cells = [
        "# ---- own.py: q1.own ----\n" + DISGUISED,
        "# ---- more.py ----\nMORE = 1\n",
        "%matplotlib inline",
    ]
    (tmp_path / "cid.ipynb").write_bytes(notebook_files.notebook(*cells))
    entries = [first, ("bob", tmp_path / "bob.zip"), ("cid", tmp_path / "cid.ipynb")]
    pairs = find(made, entries, ["q1"])
    assert [(pair.first, pair.second, pair.share) for pair in pairs] == [
        ("ann", "bob", 1.0),
        ("ann", "cid", 1.0),
        ("bob", "cid", 1.0),
    ]


def test_a_notebook_of_ours_is_like_the_modules_in_it(tmp_path: Path) -> None:
    (tmp_path / "p1.ipynb").write_bytes(filled(COURSE, "p1"))
    reference = COURSE.reference("p1")
    assert reference is not None
    (pair,) = find(COURSE, [("notebook", tmp_path / "p1.ipynb"), ("modules", reference)], ["p1"])
    assert pair.share_first == pair.share_second == 1.0


# -- where the threshold is from


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_independent_right_solutions_are_not_listed(assignment: str) -> None:
    """The two most alike, of one author's habits, share 0.61; all others less than 0.1."""
    reference = COURSE.reference(assignment)
    assert reference is not None
    solutions = [
        ("reference", reference),
        *((path.name, path) for path in (reference / "alternatives").iterdir()),
    ]
    assert len(solutions) >= 6
    assert find(COURSE, solutions, [assignment]) == []
    shares = [
        pair.share
        for pair in find(COURSE, solutions, [assignment], least=0.0)
        if {pair.first, pair.second} != {"reference", "plain"}
    ]
    assert max(shares, default=0.0) < 0.1


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_a_solution_with_one_place_changed_is_listed(assignment: str, tmp_path: Path) -> None:
    """Some known mistakes, each written in the place of what it changes, beside the reference. Of all 958 the
    least share is 0.77, of p1's `warmup_one_step_ahead`."""
    reference = COURSE.reference(assignment)
    assert reference is not None
    names = list(read_mistakes(reference))
    names = [*names[:: len(names) // 4], *(["warmup_one_step_ahead"] if assignment == "p1" else [])]
    entries = [("reference", reference)]
    for name in names:
        folder = plant(COURSE, assignment, name, tmp_path / name)
        for file in COURSE.assignment(assignment).files:
            (folder / file).write_text(in_its_place((folder / file).read_text(encoding="utf-8")))
        entries.append((name, folder))
    found = {
        pair.second
        for entry in entries[1:]
        for pair in find(COURSE, [entries[0], ("~" + entry[0], entry[1])], [assignment])
    }
    assert found == {f"~{name}" for name in names}


def in_its_place(text: str) -> str:
    """A module whose last definition of a name stands where its first one stood, without comments."""
    tree = ast.parse(text)
    kinds = (ast.FunctionDef, ast.ClassDef)
    last = {node.name: node for node in tree.body if isinstance(node, kinds)}
    tree.body = [
        node
        for node in (last.pop(node.name, None) if isinstance(node, kinds) else node for node in tree.body)
        if node is not None
    ]
    return ast.unparse(tree)


def test_an_untouched_starter_is_in_no_pair(tmp_path: Path) -> None:
    shutil.copytree(COURSE.starter("p1"), tmp_path / "ann")
    entries = [("ann", tmp_path / "ann"), ("bob", COURSE.starter("p1"))]
    assert find(COURSE, entries, ["p1"], least=0.0) == []


# -- hostile files

HOSTILE = {
    "nothing": b"",
    "null_bytes": SOLUTION.replace("import", "im\0port").encode() + b"\0" * 10_000,
    "no_utf8": SOLUTION.encode() + b"\n# \xff\xfe\xc3\n" + bytes(range(256)) * 50,
    "one_long_line": b"x = " + b"1 + " * (1 << 18) + b"1",
    "quotes_that_are_not_closed": b"'" + rb"\'" * (1 << 19),
    "triple_quotes_that_are_not_closed": (b'"""\n' + b"a = 1\n" * 50) * 999 + b'"""',
    "deeply_nested": b"def f():\n    return " + b"(" * 100_000 + b")" * 100_000,
    "deeply_indented": b"".join(b" " * depth + b"if x:\n" for depth in range(700)),
    "dedented_to_nowhere": b"if x:\n        y = 1\n    z = 2\n" * 500,
    "many_functions": b"".join(b"def f%d(a, b):\n    return a[b] + %d\n" % (at, at) for at in range(9_999)),
    "one_long_function": b"def f():\n" + b"    a[b] = c(d, e=[f])\n" * 20_000,
    "no_python": b"#!/bin/sh\nfor x in *; do echo '$x' `ls` ${y}; done\n" * 900,
    "only_backslashes": b"\\\n" * 50_000,
    "returns": SOLUTION.replace("\n", "\r").encode(),
    "form_feeds": b"\f" * 100_000 + b"\x0b\x1c\x85" * 1_000,
    "numbers": b"1_" * 100_000 + b"0x" + b"f" * 100_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_neither_raises_nor_takes_long(name: str, tmp_path: Path) -> None:
    texts: dict[str, str | bytes] = {"ann": SOLUTION, "bob": DISGUISED}
    entries = handed_in(tmp_path, eve=HOSTILE[name], eva=HOSTILE[name] + b"\n", **texts)
    began = time.process_time()
    pairs = find(course(tmp_path / "course"), entries, ["q1"])
    assert time.process_time() - began < 15.0  # computing time; the slowest takes one or two
    assert ("ann", "bob") in {(pair.first, pair.second) for pair in pairs}


@pytest.mark.parametrize(
    ("before", "broken"),
    [
        ("class Window", '"""\nclass Window'),
        ("import math", "import math ) ]"),
        ("import math", "import math (["),
        ("import math", "import 'math\n$ ? `\n    x = 1\n  y = 2"),
    ],
)
def test_what_surrounds_a_broken_place_counts_still(before: str, broken: str, tmp_path: Path) -> None:
    (pair,) = listed(tmp_path, ann=SOLUTION.replace(before, broken), bob=DISGUISED)
    assert pair.share > 0.8


@given(st.binary(max_size=300) | st.text(alphabet="def (:\n\t'\"\\#)x=f{}", max_size=300).map(str.encode))
def test_no_text_raises(text: bytes) -> None:
    found = functions(text.decode("utf-8", errors="replace"))
    assert all(isinstance(stream, str) for stream in found)


def test_only_so_much_of_a_file_is_read() -> None:
    function = "def f(a):\n    return a\n"
    late = "#" + "\n#" * MAX_CHARACTERS + "\n" + function
    assert functions(function)
    assert functions(late) == []
    (stream,) = functions("def f():\n" + "    a = 1\n" * MAX_TOKENS)
    assert len(stream) == MAX_TOKENS


def test_a_function_ends_where_its_indentation_does() -> None:
    text = "async def f(a):\n    def g():\n        return a\n    return g\n\nx = [f(1)]\n\n\n"
    text += "@x\nclass C:\n    y = 1\n\n"
    assert len(functions(text)) == 1
    assert functions(text) == functions(text.replace("x = [f(1)]", "").replace("y = 1", "z = lambda: 3"))
    assert len(functions(text + "    def h(self): pass\n    async def i(self): pass\n")) == 3


def test_what_cannot_be_graded_is_in_no_pair(tmp_path: Path) -> None:
    made = course(tmp_path / "course")
    entries = handed_in(tmp_path, ann=SOLUTION, bob=DISGUISED)
    (tmp_path / "empty").mkdir()
    (tmp_path / "damaged.zip").write_bytes(b"PK\3\4 and no more")
    (tmp_path / "damaged.ipynb").write_bytes(b"{")
    (tmp_path / "link").mkdir()
    (tmp_path / "link/own.py").symlink_to(tmp_path / "ann/own.py")
    bad = [(name, tmp_path / name) for name in ("empty", "damaged.zip", "damaged.ipynb", "link", "absent")]
    assert [(pair.first, pair.second) for pair in find(made, entries + bad, ["q1"])] == [("ann", "bob")]
    assert find(made, [], ["q1"]) == []


def test_nothing_is_run_or_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    bomb = f"open({str(tmp_path / 'boom')!r}, 'w').close()\n"
    pairs = listed(tmp_path, ann=bomb + SOLUTION, bob=bomb + DISGUISED)
    assert len(pairs) == 1
    assert not (tmp_path / "boom").exists()
    assert list(scratch.iterdir()) == []


def test_a_course_that_is_damaged_is_said(tmp_path: Path) -> None:
    made = course(tmp_path / "course")
    with pytest.raises(ConfigError, match="no assignment 'q2'"):
        find(made, [], ["q2"])
    (tmp_path / "course/starter/q1/own.py").unlink()
    with pytest.raises(GraderFault, match=r"own\.py cannot be read: No such file"):
        find(made, [], ["q1"])


def test_a_temporary_folder_that_cannot_be_made_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "absent"))
    with pytest.raises(GraderFault, match="no temporary folder can be made: No such file or directory"):
        listed(tmp_path, ann=SOLUTION)


def test_without_rapidfuzz_it_is_said_what_to_install(tmp_path: Path) -> None:
    """The list can be read without it, and so can the modules be imported that show it."""
    code = (
        "import sys; from pathlib import Path\n"
        "sys.modules['rapidfuzz'] = None\n"
        "from grader import cli\n"
        "from grader.config import Course\n"
        "from grader.gradebook import similarity\n"
        "print(similarity.load(Path('.')))\n"
        "similarity.find(Course(Path('course')), [], ['q1'])\n"
    )
    course(tmp_path / "course")
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout == "None\n", done.stderr
    assert done.stderr.splitlines()[-1] == f"grader.faults.GraderFault: {similarity.MISSING}"


# -- the file


PAIR = Pair(
    first="ann",
    second="bob\N{RIGHT-TO-LEFT OVERRIDE}",
    assignment="p1",
    share_first=0.9,
    share_second=0.25,
    tokens=300,
    files=["own.py"],
)


def test_pairs_are_kept_in_a_file_that_is_closed_to_others(tmp_path: Path) -> None:
    assert load(tmp_path) is None
    path = store(tmp_path, [PAIR])
    assert path == tmp_path / "similar.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load(tmp_path) == [PAIR]
    assert store(tmp_path, []) == path
    assert load(tmp_path) == []


def test_a_field_of_a_later_version_is_passed_over(tmp_path: Path) -> None:
    written = json.loads(store(tmp_path, [PAIR]).read_bytes())
    written["pairs"][0]["later"] = 1
    (tmp_path / "similar.json").write_text(json.dumps(written))
    assert load(tmp_path) == [PAIR]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{", "is no list of near-identical submissions"),
        (b"\xff", "is no list of near-identical submissions"),
        (b'{"schema_version": 1}', "is no list of near-identical submissions"),
        (b"[" * 100_000, "is no list of near-identical submissions"),
        (b'{"schema_version": 2, "pairs": []}', "is of format 2, .* reads format 1: delete it"),
    ],
)
def test_a_file_of_something_else_is_refused(content: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / "similar.json").write_bytes(content)
    with pytest.raises(SimilarFileError, match=said):
        load(tmp_path)


def test_a_file_that_cannot_be_read_or_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "similar.json").mkdir()
    with pytest.raises(SimilarFileError, match=r"similar\.json cannot be read: Is a directory"):
        load(tmp_path)
    with pytest.raises(SimilarFileError, match=r"similar\.json cannot be written: Is a directory"):
        store(tmp_path, [PAIR])


def test_the_text_of_a_pair_is_plain_data() -> None:
    assert msgspec.convert(msgspec.to_builtins(PAIR), Pair) == PAIR
