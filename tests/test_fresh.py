"""Workers that are new interpreters: the same program, one ahead, one for each test file."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

import pytest
from processes import Served, alive, gone, serving

from grader.faults import GraderFault
from grader.launch import Allowance, Died, Fresh, Plan, TookTooLong
from grader.worker import sandbox

pytestmark = pytest.mark.timeout(240)
ROOT = Path(__file__).parents[1]
Serve = Callable[..., Served]

SURROUNDINGS = """
import os, random, sys, tempfile, numpy, torch

def around():
    return {
        "argv": sys.argv,
        "environment": sorted(os.environ),
        "path": sys.path,
        "home": os.path.expanduser("~") == os.getcwd() == tempfile.gettempdir(),
        "drawn": (random.random(), float(numpy.random.rand()), torch.rand(2)),
        "threads": torch.get_num_threads(),
        "hash": hash("text"),
        "umask": os.umask(0o077),
    }

def foreign():
    import grader.compare

def double(x):
    return 2 * x

def burn(seconds):
    import time
    stop = time.process_time() + seconds
    while time.process_time() < stop:
        pass
    return os.getpid()

def leave():
    os._exit(5)

def backward():
    torch.ones(1, requires_grad=True).sum().backward()
"""


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fresh]:
    launcher = Fresh(tmp_path_factory.mktemp("fresh"))
    yield launcher
    launcher.close()


@pytest.fixture
def anew(fresh: Fresh, tmp_path: Path) -> Iterator[Serve]:
    """Starts fresh workers on a few lines of code."""
    yield from serving(fresh, tmp_path)


def test_it_is_the_same_program_and_one_interpreter_is_ahead(anew: Serve, serve: Serve, fresh: Fresh) -> None:
    assert fresh.spare is not None
    spare = fresh.spare[3].pid
    served, forked = anew(SURROUNDINGS, seed=3), serve(SURROUNDINGS, seed=3)
    assert served.worker.root == spare
    assert fresh.spare is not None
    assert fresh.spare[3].pid != spare
    assert alive(fresh.spare[3].pid)

    # the import of torch is on nobody's account
    assert served.reply("burn", 0.6, allowance=Allowance(1.2, 60)) == spare

    got, want = served.around(), forked.around()
    assert [got.pop("drawn")[2].tolist()] == [want.pop("drawn")[2].tolist()]
    assert got == want
    assert served.worker.layers == forked.worker.layers
    assert served.reply("foreign").types[0] == "ModuleNotFoundError"
    assert served.double(4.0) == 8.0
    assert served.worker.pristine()

    # how it ends is told, and the next one stands ready
    with pytest.raises(Died) as died:
        served.leave()
    assert died.value.status == 5
    assert not served.worker.scratch.exists()


def test_questions_by_hand_are_guarded_by_patches_and_overruns_are_stopped(anew: Serve) -> None:
    served = anew(SURROUNDINGS, by_hand=True)
    assert served.reply("backward").types[0] == "ByHand"
    with pytest.raises(TookTooLong, match="computing time"):
        served.reply("burn", 100.0, allowance=Allowance(0.5, 100))
    assert gone([served.worker.root])


def test_an_interpreter_that_is_gone_is_the_graders_fault(fresh: Fresh, tmp_path: Path) -> None:
    assert fresh.spare is not None
    process = fresh.spare[3]
    process.kill()
    process.wait()
    with pytest.raises(GraderFault, match="did not start"):
        fresh.start(Plan(tmp_path, {}, {}, 1))
    assert fresh.spare is None


JUDGE = """
    import sys, time
    from pathlib import Path
    sys.path.insert(0, {root!r})
    from grader.launch import Fresh, Plan, Allowance, call_id
    from grader.worker import messages
    folder = Path({folder!r})
    launcher = Fresh(folder)
    worker = launcher.start(Plan(folder, {{"m": "m.py"}}, {{}}, 1))
    print(worker.root, launcher.spare[3].pid, flush=True)
    worker.request(messages.Call(call_id(), "m", "burn", [1000.0], [], []), [], Allowance(600, 600))
"""


def test_a_judge_that_is_killed_takes_its_interpreters_along(tmp_path: Path) -> None:
    (tmp_path / "m.py").write_text(SURROUNDINGS)
    program = dedent(JUDGE.format(root=str(ROOT), folder=str(tmp_path)))
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as judge:
        assert judge.stdout is not None
        pids = [int(word) for word in judge.stdout.readline().split()]
        assert all(map(alive, pids))
        judge.kill()
        judge.wait(20)
    assert gone(pids)


# -- as a run uses it

TESTS = '''
"""One worker serves this file, until it crashes or is changed."""

from grader.testing import check, graded

PIDS = []


@graded("q1.half", points=10, rung="interface")
def test_a_first(student, bench):
    """The first."""
    PIDS.append(student.run(bench.who))


@graded("q1.half", points=20, rung="figures")
def test_b_the_same(student, bench):
    """The same worker, which then crashes."""
    PIDS.append(student.run(bench.who))
    check(PIDS[1] == PIDS[0], "not the same worker")
    student.run(bench.leave)


@graded("q1.mean", points=20, rung="figures")
def test_c_another(student, bench):
    """Another worker after the crash, which is then changed."""
    PIDS.append(student.run(bench.who))
    check(PIDS[2] != PIDS[1], "a dead worker")
    student.run(bench.change)


@graded("q1.mean", points=10, rung="figures")
def test_d_as_new(student, bench):
    """A third one: the change is not seen."""
    PIDS.append(student.run(bench.who))
    check(PIDS[3] != PIDS[2], "the changed worker")
    check(student.run(bench.dtype) == "torch.float32", "a changed setting")
'''

BENCH = """
import os, torch

def who() -> int:
    return os.getpid()

def leave() -> int:
    os._exit(5)

def change() -> None:
    torch.set_default_dtype(torch.float64)

def dtype() -> str:
    return str(torch.ones(1).dtype)
"""


def test_one_worker_serves_a_file_until_it_crashes_or_is_changed(tmp_path: Path) -> None:
    course = tmp_path / "course"
    shutil.copytree(ROOT / "tests" / "small_course", course)
    folder = course / "assignments" / "q1"
    for path in [*folder.glob("test_*.py"), folder / "points.toml"]:
        path.unlink()
    (folder / "test_public.py").write_text(TESTS)
    (folder / "bench_public.py").write_text(BENCH)
    line = [
        sys.executable,
        "-m",
        "pytest",
        str(folder),
        "-q",
        "--launcher",
        "fresh",
        "-p",
        "no:cacheprovider",
    ]
    line += ["--submission", str(course / "reference"), "--results", str(tmp_path / "r.json")]
    done = subprocess.run(line, capture_output=True, text=True, check=False, cwd=tmp_path)
    result = json.loads((tmp_path / "r.json").read_text())
    tests = {test["name"]: test for question in result["questions"] for test in question["tests"]}
    outcomes = {name.rpartition("::")[2]: test["outcome"] for name, test in tests.items()}
    assert outcomes == {
        "test_a_first": "passed",
        "test_b_the_same": "submission_error",
        "test_c_another": "passed",
        "test_d_as_new": "passed",
    }, done.stdout


def test_windows_needs_nothing_that_only_linux_has() -> None:
    """Importing the worker side where there is no module resource; the rest of Windows is not tried here."""
    program = f"""
        import sys, sysconfig
        sysconfig.get_paths()
        sys.path.insert(0, {str(ROOT)!r})
        sys.platform = "win32"
        sys.modules["resource"] = None
        import dataclasses
        from grader.worker import sandbox
        sandbox.LAYERS = [dataclasses.replace(each, put_on=lambda around: None) for each in sandbox.LAYERS]
        print(sandbox.confine(sandbox.Around(None)))
    """
    done = subprocess.run(
        [sys.executable, "-c", dedent(program)],
        env=sandbox.environment(os.environ.get("HOME", "/")),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == "['scratch', 'environment', 'import-path', 'seeds']", done.stderr


def test_the_spare_interpreter_ends_with_the_launcher(tmp_path: Path) -> None:
    launcher = Fresh(tmp_path)
    assert launcher.spare is not None
    pid = launcher.spare[3].pid
    launcher.close()
    assert gone([pid])
    assert not list(tmp_path.glob("scratch-*"))
    launcher.close()
