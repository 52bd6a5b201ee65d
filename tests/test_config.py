"""assignment.toml: what it says, and that whatever is wrong in it is refused with file, line and key."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from grader.config import ConfigError, Course, Limits, assignment_of, load_assignment
from grader.tomlfile import dotted, line_of

GOOD = """\
title = "Warm-up"
files = ["flow.py", "choice.py"]
given = ["given.py"]

[limits]
memory_mb = 2048

[questions."p1.forward"]
title = "Forward pass"
file = "flow.py"
minutes = 5
review = "Reread section 2."

[questions."p1.backward"]
title = "Backward pass"
file = "choice.py"
minutes = 15
by_hand = true
review = '''
Reread
section 3.'''

[gates."p1.accuracy"]
measure = "accuracy"
wrong = ["no_zero_grad"]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "assignments" / "p1"
    path.mkdir(parents=True)
    return path


def write(folder: Path, text: str | bytes) -> Path:
    path = folder / "assignment.toml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_everything_that_a_file_can_say(folder: Path) -> None:
    write(folder, GOOD)
    said = load_assignment(folder)
    assert (said.id, said.folder, said.title) == ("p1", folder, "Warm-up")
    assert (said.files, said.given) == (["flow.py", "choice.py"], ["given.py"])
    assert said.limits == Limits(memory_mb=2048, answer_mb=64, output_kb=64)
    assert list(said.questions) == ["p1.forward", "p1.backward"]
    assert [question.by_hand for question in said.questions.values()] == [False, True]
    assert said.gates["p1.accuracy"].wrong == ["no_zero_grad"]
    assert said.gates["p1.accuracy"].seeds == 60
    assert said.points_path == folder / "points.toml"
    assert said.gates_path == folder / "gates.toml"


def test_windows_line_ends(folder: Path) -> None:
    write(folder, GOOD.replace("\n", "\r\n"))
    assert load_assignment(folder).questions["p1.forward"].minutes == 5


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ('title = "Warm-up"', 'titel = "Warm-up"', 1, "titel: unknown key; did you mean 'title'?"),
        ("minutes = 5", 'minutes = "5"', 11, 'questions."p1.forward".minutes: expected `int`, got `str`'),
        ("minutes = 5", "minutes = true", 11, "expected `int`, got `bool`"),
        ("minutes = 5", "minutes = 0", 11, "expected `int` >= 1"),
        ("minutes = 15", "minuets = 15", 17, "\"p1.backward\".minuets: unknown key; did you mean 'minutes'?"),
        ("minutes = 5", "minutes = 5\nxyz = 1", 12, "xyz: unknown key; known are title, file, minutes"),
        ("minutes = 15\n", "", 14, 'questions."p1.backward": object missing required field `minutes`'),
        (
            "review = '''\nReread\nsection 3.'''",
            "review = [\n  1,\n]",
            19,
            "review: expected `str`, got `array`",
        ),
        ("memory_mb = 2048", "memory = 2048", 6, "limits.memory: unknown key; did you mean 'memory_mb'?"),
        ("memory_mb = 2048", "answer_mb = 4096", 6, "limits.answer_mb: expected `int` <= 1024"),
        ('measure = "accuracy"', 'mesure = "accuracy"', 24, 'gates."p1.accuracy".mesure: unknown key'),
        ('wrong = ["no_zero_grad"]', 'wrong = ["a", 3]', 25, "wrong[1]: expected `str`, got `int`"),
        ('files = ["flow.py", "choice.py"]', 'files = "flow.py"', 2, "files: expected `array`, got `str`"),
        ('files = ["flow.py", "choice.py"]', "files = []", 2, "files: expected `array` of length >= 1"),
        (
            'files = ["flow.py", "choice.py"]',
            'files = ["../x.py"]',
            2,
            "files[0]: '../x.py' is not a plain file",
        ),
        ('files = ["flow.py", "choice.py"]', 'files = ["a.py",\n "a.py"]', 2, "'a.py' stands here twice"),
        ('given = ["given.py"]', 'given = ["flow.py"]', 3, "given[0]: 'flow.py' stands here twice"),
        ('file = "choice.py"', 'file = "chioce.py"', 16, "file: 'chioce.py' is not among `files`"),
        ('[questions."p1.backward"]', '[questions."p2.backward"]', 14, "an id here reads p1.something"),
        ('[gates."p1.accuracy"]', "[gates.accuracy]", 23, "gates.accuracy: an id here reads p1.something"),
        ('review = "Reread section 2."', 'review = ""', 12, "review: expected `str` of length >= 1"),
    ],
)
def test_what_is_wrong_is_named_with_file_line_and_key(
    folder: Path, old: str, new: str, line: int, says: str
) -> None:
    assert GOOD.count(old) == 1
    path = write(folder, GOOD.replace(old, new))
    with pytest.raises(ConfigError) as caught:
        load_assignment(folder)
    assert str(caught.value).startswith(f"{path}:{line}: ")
    assert says in str(caught.value)


def test_questions_that_are_not_a_table(folder: Path) -> None:
    write(folder, 'title = "x"\nfiles = ["a.py"]\nquestions = 3\n')
    with pytest.raises(ConfigError, match=r"assignment.toml:3: questions: expected `object`, got `int`"):
        load_assignment(folder)


def test_a_missing_top_level_key_has_no_line(folder: Path) -> None:
    path = write(folder, 'title = "x"\n')
    with pytest.raises(ConfigError) as caught:
        load_assignment(folder)
    assert str(caught.value) == f"{path}:1: object missing required field `files`"


def test_a_file_that_is_not_toml_names_its_line(folder: Path) -> None:
    write(folder, GOOD.replace("minutes = 5", "minutes ="))
    with pytest.raises(ConfigError, match=r"not TOML: .*at line 11"):
        load_assignment(folder)


def test_a_file_that_is_not_utf8(folder: Path) -> None:
    write(folder, b'title = "Aufw\xe4rmen"\n')
    with pytest.raises(ConfigError, match=r"not UTF-8 \(byte 13\)"):
        load_assignment(folder)


def test_no_file_at_all(folder: Path) -> None:
    with pytest.raises(ConfigError, match=r"assignment.toml: No such file"):
        load_assignment(folder)


@pytest.mark.parametrize(
    ("key", "line"),
    [
        (("a",), 1),
        (("b",), 2),
        (("b", 1), 2),
        (("t",), 6),
        (("t", "x y"), 8),
        (("t", "inline", "z"), 10),
        (("list", 1, "n"), 13),
        (("nowhere",), None),
        (("a", "deeper"), None),
        ((), 1),
    ],
)
def test_the_line_of_a_key(key: tuple[str | int, ...], line: int | None) -> None:
    text = (
        'a = 1\nb = [\n  2,\n  3,\n]\n[t] # \u2028 is no line end\n\n\'x y\' = """\n"""\n'
        "inline = {z = 1}\n[[list]]\n[[list]]\nn = 2\n"
    )
    assert line_of(text, key) == line


def test_a_key_is_written_as_toml_writes_it() -> None:
    assert dotted(("questions", "p1.a", "files", 2)) == 'questions."p1.a".files[2]'


def test_a_test_file_belongs_to_the_assignment_above_it(folder: Path) -> None:
    write(folder, GOOD)
    (folder / "deeper").mkdir()
    assert assignment_of(folder) == folder
    assert assignment_of(folder / "test_public.py") == folder
    assert assignment_of(folder / "deeper" / "test_x.py") == folder
    assert assignment_of(folder.parent) is None


def test_a_relative_path_belongs_to_its_assignment(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(folder, GOOD)
    monkeypatch.chdir(folder.parent)
    assert assignment_of(Path("p1/test_public.py")) == folder


def test_a_course_lists_its_assignments(folder: Path) -> None:
    write(folder, GOOD)
    (folder.parent / "notes").mkdir()
    course = Course.find(folder / "test_public.py")
    assert course.root == folder.parent.parent
    assert course.assignments() == ["p1"]
    assert course.assignment("p1").title == "Warm-up"
    assert course.starter("p1") == course.root / "starter" / "p1"


def test_a_course_without_a_reference_is_a_student_release(folder: Path) -> None:
    course = Course.find(folder)
    assert course.reference("p1") is None
    (course.root / "reference" / "p1").mkdir(parents=True)
    assert course.reference("p1") == course.root / "reference" / "p1"


def test_an_unknown_assignment_names_the_known_ones(folder: Path) -> None:
    write(folder, GOOD)
    with pytest.raises(ConfigError, match=r"no assignment 'p7' in .*; there are: p1"):
        Course.find(folder).assignment("p7")


def test_no_course_anywhere_above(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="neither here nor above is there a folder `assignments`"):
        Course.find(tmp_path)


# -- optional files and races

RACE = """
[races."p1.fast"]
measure = "gpu_fast"
warm_up = "gpu_warm_up"
run = ["gpu_run"]
seconds = 60
size = { n = 1000, rate = 0.5, kind = "bf16" }
toy = { n = 10, rate = 0.5, kind = "fp32" }
"""
OPTIONAL = GOOD.replace('given = ["given.py"]', 'optional = ["gpu.py"]\ngiven = ["given.py"]') + (
    '\n[questions."p1.fast"]\ntitle = "Fast"\nfile = "gpu.py"\nminutes = 5\nreview = "Reread."\n'
)


def test_a_race_and_a_file_that_nobody_has_to_hand_in(folder: Path) -> None:
    write(folder, OPTIONAL + RACE)
    said = load_assignment(folder)
    assert (said.files, said.optional) == (["flow.py", "choice.py"], ["gpu.py"])
    assert said.all_files == ["flow.py", "choice.py", "gpu.py"]
    assert said.with_optional().files == said.with_optional().all_files == said.all_files
    race = said.races["p1.fast"]
    assert race.size == {"n": 1000, "rate": 0.5, "kind": "bf16"}
    assert (race.rounds, race.seeds, race.slack, race.speed, race.direction) == (5, 20, 0.1, True, "higher")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("seconds = 60", "seconds = 60\nrounds = 4", "an odd number of rounds has a median"),
        ("seconds = 60", "seconds = 60\nrounds = 1", "expected `int` >= 3"),
        ("seconds = 60", "seconds = 60\nseeds = 19", "expected `int` >= 20"),
        ("toy = { n = 10, ", "toy = { ", "`toy` has the same names as `size`"),
        ('run = ["gpu_run"]', "run = []", "expected `array` of length >= 1"),
        ('"p1.fast"]\nmeasure', '"p2.fast"]\nmeasure', "an id here reads p1.something"),
        ('optional = ["gpu.py"]', 'optional = ["flow.py"]', "'flow.py' stands here twice"),
        ('optional = ["gpu.py"]', 'optional = ["gpu.py", "gpu.py"]', "'gpu.py' stands here twice"),
        ('given = ["given.py"]', 'given = ["gpu.py"]', "'gpu.py' stands here twice"),
        ('optional = ["gpu.py"]\n', "", "'gpu.py' is not among `files`"),
    ],
)
def test_what_is_wrong_with_a_race_or_an_optional_file(folder: Path, old: str, new: str, says: str) -> None:
    text = OPTIONAL + RACE
    assert old in text
    write(folder, text.replace(old, new))
    with pytest.raises(ConfigError, match=re.escape(says)):
        load_assignment(folder)


def test_an_optional_file_belongs_to_a_part_like_any_other(folder: Path) -> None:
    parts = """
[parts.first]
title = "First"
files = ["flow.py", "gpu.py"]

[parts.second]
title = "Second"
files = ["choice.py"]
"""
    write(folder, OPTIONAL + parts)
    first, second = (load_assignment(folder).only(name) for name in ("first", "second"))
    assert (first.files, first.optional) == (["flow.py"], ["gpu.py"])
    assert (second.files, second.optional, second.asks("p1.fast")) == (["choice.py"], [], False)
    write(folder, OPTIONAL + parts.replace(', "gpu.py"', ""))
    with pytest.raises(ConfigError, match=re.escape("'gpu.py' belongs to no part")):
        load_assignment(folder)
