"""A layer that cannot be put on whole is never a worker that says ready, and never a point.

The faults are put into a copy of the worker's side of the engine, chosen by the seed that a plan carries.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import staged
from processes import Served, gone

from grader import interpreter
from grader.faults import GraderFault
from grader.isolation import lacking, reached
from grader.launch import Plan, Zygote
from grader.worker import sandbox

pytestmark = [
    pytest.mark.timeout(240),
    pytest.mark.skipif(sys.platform != "linux", reason="only Linux has layers that can fail"),
]
ROOT = Path(__file__).parents[1]
FIRST = 7000  # seeds from here on break the layer of that number

BROKEN_LAYERS = f"""

def _breaking(number, layer):
    def put_on(around):
        if around.settings.seed == {FIRST} + number:
            raise OSError(5, "broken on purpose: " + layer.name)
        return layer.put_on(around)
    return put_on

import dataclasses as _dataclasses
LAYERS = tuple(
    _dataclasses.replace(layer, put_on=_breaking(number, layer)) if layer.put_on else layer
    for number, layer in enumerate(LAYERS)
)
"""
# Outside of the worker: what zygote and guard do for it. The probe's workers have the seed 0.
BROKEN_ENCLOSURE = """

_enclose = Enclosure.enclose
def _failing(self, settings, folder, user):
    if settings.seed == 6999:
        raise OSError(5, "broken on purpose: the guard")
    return _enclose(self, settings, folder, user)
Enclosure.enclose = _failing
"""
EVERY_WORKER_OF_A_TEST = BROKEN_LAYERS.replace(f"== {FIRST} + number", "!= 0 and layer.name == 'seeds'")
NO_ROOT = """

def build(place, hide):
    raise OSError(5, "broken on purpose: the root")
"""


def engine(folder: Path, **appended: str) -> Path:
    """A copy of the engine with lines appended to modules of its worker's side."""
    ignored = shutil.ignore_patterns("__pycache__", "commands", "datasets")
    shutil.copytree(ROOT / "grader", folder / "grader", ignore=ignored)
    for name, text in appended.items():
        with open(folder / f"grader/worker/{name}.py", "a", encoding="utf-8") as file:
            file.write(text)
    return folder / "grader/worker"


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Zygote]:
    """A zygote whose workers fail at the layer that the seed says."""
    folder = tmp_path_factory.mktemp("faulty")
    patch = pytest.MonkeyPatch()
    worker = engine(folder / "engine", sandbox=BROKEN_LAYERS, enclosure=BROKEN_ENCLOSURE)
    patch.setattr(interpreter, "WORKER_FOLDER", worker)
    (folder / "run").mkdir()
    (folder / "code").mkdir()
    (folder / "code/m.py").touch()
    zygote = Zygote(folder / "run", sandbox=True)
    if lacking(zygote.offer):
        zygote.close()
        pytest.skip(f"needs a strong set of layers here: {lacking(zygote.offer)}")
    yield zygote
    zygote.close()
    patch.undo()


def plan(zygote: Zygote, seed: int) -> Plan:
    return Plan(zygote.folder.parent / "code", {"m": "m.py"}, {}, seed, confined=True)


PUT_ON = [(number, layer.name) for number, layer in enumerate(sandbox.LAYERS) if layer.put_on]


@pytest.mark.parametrize(("number", "name"), PUT_ON, ids=[name for _, name in PUT_ON])
def test_a_layer_that_fails_is_no_worker(faulty: Zygote, number: int, name: str) -> None:
    kind = sandbox.LAYERS[number].where
    if kind == "offered" and name not in faulty.offer.layers:
        pytest.skip(f"{name} is not offered here")
    with pytest.raises(GraderFault, match=f"a worker did not start(?s:.*)broken on purpose: {name}"):
        faulty.start(plan(faulty, FIRST + number))
    worker = faulty.start(plan(faulty, 1))  # the next one is not harmed by it
    try:
        assert name in worker.layers
    finally:
        worker.close()


def test_a_guard_that_fails_is_no_worker(faulty: Zygote) -> None:
    with pytest.raises(GraderFault, match=r"a worker did not start(?s:.*)broken on purpose: the guard"):
        faulty.start(plan(faulty, FIRST - 1))


def test_a_layer_that_fails_in_the_probe_is_no_strong_isolation(
    faulty: Zygote, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = faulty.start

    def start(asked: Plan) -> object:
        return started(plan(faulty, FIRST + PUT_ON[-1][0] if asked.seed == 0 else asked.seed))

    monkeypatch.setattr(faulty, "start", start)
    with pytest.raises(GraderFault, match="broken on purpose"):
        reached(faulty, [])


@pytest.mark.slow
def test_a_file_system_that_cannot_be_built_is_no_zygote(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, faulty: Zygote
) -> None:
    if faulty.offer.namespaces == "none":
        pytest.skip("no namespaces here, and so no file system of the workers' own")
    monkeypatch.setattr(interpreter, "WORKER_FOLDER", engine(tmp_path / "engine", root=NO_ROOT))
    (tmp_path / "run").mkdir()
    zygote = Zygote(tmp_path / "run", sandbox=True)
    try:
        with pytest.raises(GraderFault, match=r"the zygote did not start(?s:.*)broken on purpose: the root"):
            zygote.start(plan(faulty, 1))
    finally:
        zygote.close()


def test_a_run_whose_workers_are_not_confined_whole_pays_nothing(tmp_path: Path, faulty: Zygote) -> None:
    """The right answers, and a fault of ours that only the workers of tests meet."""
    engine(tmp_path / "engine", sandbox=EVERY_WORKER_OF_A_TEST)
    shutil.copytree(staged.TESTS / "small_course", tmp_path / "course")
    shutil.copy(ROOT / "pyproject.toml", tmp_path / "course")
    results = tmp_path / "results.json"
    line = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", tmp_path / "course/assignments/q1"]
    done = subprocess.run(
        [*line, f"--submission={tmp_path}/course/reference/q1", f"--results={results}", "-k", "hidden"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "engine")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3, done.stdout + done.stderr
    found = json.loads(results.read_text(encoding="utf-8"))
    assert (found["score"], found["complete"]) == (0, False)
    tests = [test for question in found["questions"] for test in question["tests"]]
    assert {test["outcome"] for test in tests if "hidden" in test["name"]} == {"grader_error"}
    assert "broken on purpose: seeds" in done.stdout
    assert "could not be judged" in done.stdout


CODE = """
import os, signal, time

def leaves():
    for folder in ("/dev/shm", "."):
        open(folder + "/shared-name", "w").write("mine")
    if os.fork() == 0:
        time.sleep(600)

def sees():
    found = []
    for folder in ("/dev/shm", "."):
        if os.path.exists(folder + "/shared-name"):
            found.append(open(folder + "/shared-name").read())
    return found

def signals(pids):
    reached = []
    for pid in pids:
        try:
            os.kill(pid, 0)
            reached.append(pid)
        except OSError:
            pass
    return reached
"""


def test_two_runs_at_once_do_not_touch_each_other(tmp_path: Path, faulty: Zygote) -> None:
    (tmp_path / "code").mkdir()
    (tmp_path / "code/m.py").write_text(CODE, encoding="utf-8")
    (tmp_path / "other").mkdir()
    asked = Plan(tmp_path / "code", {"m": "m.py"}, {}, 1, confined=True)
    other = Zygote(tmp_path / "other", sandbox=True)
    try:
        ours, theirs = Served(faulty.start(asked)), Served(other.start(asked))
        ours.leaves()
        below = [child.pid for child in staged.below(ours.worker.root)]
        assert len(below) == 2  # the worker and its child
        assert theirs.signals([ours.worker.root, *below, faulty.process.pid]) == []
        if "namespaces" in other.offer.layers:
            assert theirs.sees() == []
        theirs.leaves()
        theirs.worker.close()
        other.close()
        assert ours.sees() == ["mine", "mine"]
        assert not gone(below, 0.0)
        ours.worker.close()
        assert gone(below)
    finally:
        other.close()
