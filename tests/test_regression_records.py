"""What became of each solution is kept, and used again only where nothing that it rests on has changed."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from regressed import SEED, TABLE, assignment, became, record

import grader
from grader.calibration_runs import versions
from grader.faults import Outcome
from grader.regression import records
from grader.regression.records import FILE_NAME, RecordStore, digest
from grader.regression.solutions import Solution

X, Y, Z = TABLE
ONE = record("mistake one", became(X, 0.0, mistake="one", largest=3.5, comparisons=2), became(Y))
TWO = record("mistake two", became(X, 2.5, message="bäume \x00 \n"), became(Z), passed=3)


def found(store: RecordStore, name: str, digest: str = "0", seed: int = SEED) -> object:
    return store.find(f"mistake {name}", seed, digest)


# -- a record


def test_a_record_says_what_was_lost_and_named() -> None:
    assert ONE.lost == {"q1.a": 10.0}
    assert ONE.named == {"one"}
    several = record("mistake x", became(X, 9.9), became(Y, 9.8), became(Z))
    assert several.lost == {"q1.a": 0.3}


# -- the file


def test_what_was_kept_is_found_by_the_next_run(tmp_path: Path) -> None:
    store = RecordStore(tmp_path / "q1")
    store.add(ONE)
    store.add(TWO)
    again = RecordStore(tmp_path / "q1")
    assert found(again, "one") == ONE
    assert found(again, "two") == TWO
    assert (tmp_path / "q1/.gitignore").read_text() == "*\n"


@pytest.mark.parametrize("asked", [{"digest": "1"}, {"seed": SEED + 1}, {"name": "three"}])
def test_other_code_another_seed_and_another_solution_are_not_found(
    tmp_path: Path, asked: dict[str, object]
) -> None:
    store = RecordStore(tmp_path)
    store.add(ONE)
    assert found(store, **{"name": "one"} | asked) is None  # type: ignore[arg-type]


def test_a_record_of_other_versions_is_not_found(tmp_path: Path) -> None:
    RecordStore(tmp_path).add(record("mistake one", versions=versions() | {"torch": "1.0"}))
    assert found(RecordStore(tmp_path), "one") is None


def test_what_could_not_be_judged_is_graded_again(tmp_path: Path) -> None:
    broken = record("mistake one", became(X, 0.0, outcome=Outcome.GRADER_ERROR), complete=False)
    RecordStore(tmp_path).add(broken)
    store = RecordStore(tmp_path)
    assert found(store, "one") is None
    store.add(ONE)
    assert found(store, "one") == ONE
    assert found(RecordStore(tmp_path), "one") == ONE


@pytest.mark.parametrize("left", [1, 40, -1])
def test_a_line_that_was_cut_off_costs_that_record_alone(tmp_path: Path, left: int) -> None:
    store = RecordStore(tmp_path)
    store.add(ONE)
    whole = (tmp_path / FILE_NAME).read_bytes()
    store.add(TWO)
    second = (tmp_path / FILE_NAME).read_bytes()[len(whole) :]
    (tmp_path / FILE_NAME).write_bytes(whole + second[:left].rstrip(b"\n"))
    again = RecordStore(tmp_path)
    # Without its line end alone, a line has said everything.
    assert found(again, "two") == (TWO if left == -1 else None)
    again.add(TWO)
    third = RecordStore(tmp_path)
    assert (found(third, "one"), found(third, "two")) == (ONE, TWO)


@pytest.mark.parametrize("line", [b"{}", b"not json", b'{"assignment": "q1"}', b"\xff\xfe", b""])
def test_a_line_that_is_no_record_is_passed_over(tmp_path: Path, line: bytes) -> None:
    store = RecordStore(tmp_path)
    store.add(ONE)
    with (tmp_path / FILE_NAME).open("ab") as file:
        file.write(line + b"\n")
    store.add(TWO)
    again = RecordStore(tmp_path)
    assert (found(again, "one"), found(again, "two")) == (ONE, TWO)


def test_a_file_that_is_whole_is_not_written_at_the_start(tmp_path: Path) -> None:
    """Another run may be adding to it; and a kill in the middle of a write would cost everything."""
    RecordStore(tmp_path).add(ONE)
    path = tmp_path / FILE_NAME
    os.utime(path, ns=(0, 0))
    before = path.stat()
    RecordStore(tmp_path)
    RecordStore(tmp_path, resume=False)
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, 0)


def test_two_runs_may_add_to_one_file(tmp_path: Path) -> None:
    first, second = RecordStore(tmp_path), RecordStore(tmp_path)
    first.add(ONE)
    second.add(TWO)
    again = RecordStore(tmp_path)
    assert (found(again, "one"), found(again, "two")) == (ONE, TWO)


def test_without_going_on_everything_is_graded_again_and_nothing_thrown_away(tmp_path: Path) -> None:
    RecordStore(tmp_path).add(ONE)
    RecordStore(tmp_path).add(TWO)
    fresh = RecordStore(tmp_path, resume=False)
    assert (found(fresh, "one"), found(fresh, "two")) == (None, None)
    better = record("mistake one", became(X, 1.0))
    fresh.add(better)
    assert found(fresh, "one") == better
    later = RecordStore(tmp_path)
    assert (found(later, "one"), found(later, "two")) == (better, TWO)


def test_the_latest_is_what_was_added_last_whatever_has_changed(tmp_path: Path) -> None:
    store = RecordStore(tmp_path)
    old, other = record("mistake one"), record("mistake one", became(X, 1.0), digest="1")
    for each in (old, other):
        store.add(each)
    assert store.latest("mistake one", SEED) == other
    store.add(old)
    assert store.latest("mistake one", SEED) == old
    assert RecordStore(tmp_path).latest("mistake one", SEED) == old
    assert store.latest("mistake one", SEED + 1) is None
    assert store.latest("mistake two", SEED) is None


def test_records_of_another_kind_have_a_file_of_their_own(tmp_path: Path) -> None:
    RecordStore(tmp_path, name="seeds.jsonl").add(ONE)
    assert found(RecordStore(tmp_path), "one") is None
    assert found(RecordStore(tmp_path, name="seeds.jsonl"), "one") == ONE


# -- the digest

FILES = {
    "assignments/q1/assignment.toml": "title = 'Made up'\n",
    "assignments/q1/gates.toml": "",
    "assignments/q1/bands.json": "{}",
    "assignments/q1/traces_hidden.json": "[1]",
    "assignments/q1/test_hidden_a.py": "def test_x(): ...\n",
    "assignments/q1/README.md": "# q1\n",
    "reference/q1/a.py": "def a(): return 1\n",
    "reference/q1/b.py": "def b(): return 2\n",
    "reference/q1/given.py": "C = 3\n",
    "reference/q1/regress.toml": "seed = 1\n",
    "reference/q1/equivalent.toml": "",
    "reference/q1/alternatives/other/a.py": "def a(): return 2 - 1\n",
    "reference/q1/alternatives/other/b.py": "def b(): return 3 - 1\n",
}
MISTAKE = '"""It is wrong. Look at it."""\nQUESTIONS = ({},)\nMODULE = "{}"\n'
MISTAKES = {
    "one": ('"q1.a"', "a"),
    "beside": ('"q1.a"', "b"),
    "same": ('"q1.b"', "a"),
    "far": ('"q1.b"', "b"),
}


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Callable[[], Callable[..., str]]]:
    """Makes the digest of a solution from files as they are then; what is read once is read anew."""
    written = FILES | {
        f"reference/q1/mistakes/{name}.py": MISTAKE.format(*said) for name, said in MISTAKES.items()
    }
    for name, text in written.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    where = assignment(tmp_path / "assignments/q1", given=["given.py"])

    def take(
        each: Solution = CHANGED, tests: tuple[str, ...] = (X.test,), isolation: str | None = None
    ) -> str:
        records._judge.cache_clear()
        records._mistakes.cache_clear()
        based = Solution(**vars(each) | {"base": tmp_path / each.base})
        return digest(where, tmp_path / "reference/q1", based, tests, isolation)

    yield take
    records._engine.cache_clear()
    records._judge.cache_clear()
    records._mistakes.cache_clear()


CHANGED = Solution(
    "q1", "mistake", "one", Path("reference/q1"), "a.py", "def a(): return 0", frozenset({"q1.a"})
)
OTHER = Solution("q1", "alternative", "other", Path("reference/q1/alternatives/other"))


@pytest.mark.parametrize(
    "name",
    [
        "assignments/q1/assignment.toml",
        "assignments/q1/gates.toml",
        "assignments/q1/traces_hidden.json",
        "assignments/q1/test_hidden_a.py",
        "reference/q1/a.py",
        "reference/q1/b.py",
        "reference/q1/given.py",
        "reference/q1/mistakes/one.py",
        "reference/q1/mistakes/beside.py",  # of the question that it fails
        "reference/q1/mistakes/same.py",  # of the file that it changes
    ],
)
def test_what_a_grade_may_rest_on_changes_the_digest(
    tmp_path: Path, made: Callable[..., str], name: str
) -> None:
    before = made()
    assert made() == before
    with (tmp_path / name).open("a") as file:
        file.write(" ")
    assert made() != before


@pytest.mark.parametrize(
    "name",
    [
        "assignments/q1/README.md",
        "assignments/q1/bands.json",
        "reference/q1/regress.toml",
        "reference/q1/equivalent.toml",
        "reference/q1/alternatives/other/a.py",
        "reference/q1/mistakes/far.py",
    ],
)
def test_what_no_grade_rests_on_does_not(tmp_path: Path, made: Callable[..., str], name: str) -> None:
    before = made()
    with (tmp_path / name).open("a") as file:
        file.write(" ")
    assert made() == before


def test_an_alternative_rests_on_its_own_files(tmp_path: Path, made: Callable[..., str]) -> None:
    before = made(OTHER)
    for name in ("a.py", "b.py"):
        with (tmp_path / "reference/q1/alternatives/other" / name).open("a") as file:
            file.write(" ")
        after = made(OTHER)
        assert after != before
        before = after


def test_text_tests_and_isolation_are_in_the_digest(made: Callable[..., str]) -> None:
    several = [
        made(),
        made(Solution(**vars(CHANGED) | {"text": "def a(): return 9"})),
        made(Solution(**vars(CHANGED) | {"file": "b.py"})),
        made(tests=(X.test, Y.test)),
        made(tests=()),
        made(isolation="process"),
        made(isolation="strongest"),
    ]
    assert len(set(several)) == len(several)
    assert made(tests=(X.test, Y.test)) == made(tests=(Y.test, X.test))


# -- the engine

PACKAGE = Path(next(iter(grader.__path__)))


def engine() -> set[str]:
    return {path.relative_to(PACKAGE).as_posix() for path in records._engine()}


@pytest.mark.parametrize(
    "name",
    [
        "plugin.py",
        "testing.py",
        "compare.py",
        "cases.py",
        "judging.py",
        "scoring.py",
        "sequential.py",
        "mistakes.py",
        "pairs.py",
        "zipped.py",
        "datasets/digits.py",
        "results/build.py",
        "worker/serve.py",
        "worker/guard.py",
        "worker/latch.py",
    ],
)
def test_what_a_grading_loads_is_in_the_engine(name: str) -> None:
    assert name in engine()


@pytest.mark.parametrize("folder", ["commands", "regression", "release", "mutation", "otter", "schemas"])
def test_what_only_a_command_loads_is_not(folder: str) -> None:
    assert (PACKAGE / folder).is_dir()
    assert not [name for name in engine() if name.startswith(f"{folder}/")]
    assert not {"cli.py", "calibrate.py", "doctor.py", "pool.py"} & engine()


def test_every_module_that_a_grading_has_loaded_is_in_the_engine() -> None:
    """This run of pytest has loaded the plugin, and so its judge."""
    import grader.judging
    import grader.plugin

    seen, waiting = set(), [grader.plugin, grader.judging]
    while waiting:
        module = waiting.pop()
        seen.add(module)
        for each in vars(module).values():
            name = getattr(each, "__module__", None) or getattr(each, "__name__", "")
            inner = sys.modules.get(str(name))
            if str(name).startswith("grader.") and inner is not None and inner not in seen:
                waiting.append(inner)
    loaded = {Path(str(module.__file__)).relative_to(PACKAGE).as_posix() for module in seen}
    assert len(loaded) > 30
    assert loaded <= engine()


@pytest.mark.parametrize(
    ("name", "counts"),
    [("compare.py", True), ("worker/serve.py", True), ("commands/regressing.py", False), ("cli.py", False)],
)
def test_a_change_of_the_engine_changes_the_digest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made: Callable[..., str], name: str, counts: bool
) -> None:
    copy = tmp_path / "grader"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    records._engine.cache_clear()
    with monkeypatch.context() as patched:
        patched.setattr(grader, "__path__", [str(copy)])
        before = made()
        with (copy / name).open("a") as file:
            file.write("\n# another line\n")
        assert (made() != before) is counts
