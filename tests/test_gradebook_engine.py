"""A class on Dask: what is due, what holds from before, what is kept of what came back, what ends a run."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradebooks
import msgspec
import psutil
import pytest
import support
from distributed import KilledWorker
from processes import SECONDS, gone

from grader import gpu_lock
from grader.config import Course
from grader.faults import GraderFault
from grader.gradebook import cluster, desk, engine, identity
from grader.gradebook.cluster import SchedulerGone
from grader.gradebook.desk import ProcessKilled
from grader.gradebook.engine import Plan
from grader.gradebook.identity import Asked, Taken
from grader.gradebook.model import Entry, Run
from grader.gradebook.standings import standings
from grader.gradebook.store import Gradebook
from grader.gradebook.taking_in import take_in
from grader.gradebook.tasks import Answer, Task, discreet
from grader.grading import Grading
from grader.tomlfile import ConfigError

pytestmark = pytest.mark.timeout(300)
RIGHT = "reference/q1"


class Class:
    """A folder of submissions of the small course, and a gradebook."""

    def __init__(self, course: Course, folder: Path) -> None:
        self.course = course
        self.folder = folder
        self.book = Gradebook(folder / "book", create=True)
        self.asked: dict[str, Any] = {}
        self.clients: list[object] = []

    def hand_in(self, *names: str) -> None:
        for name in names:
            shutil.copytree(self.course.root / RIGHT, self.folder / "in" / name)

    def plan(self, **asked: Any) -> tuple[Run, Plan]:
        entries = [Entry(key=path.name, path=path) for path in sorted((self.folder / "in").iterdir())]
        handed = take_in(self.book, entries)
        run = self.book.begin({key: f"{value}" for key, value in asked.items()}, {})
        settings = Asked(**{key: asked.pop(key) for key in ("seed", "part", "isolation") if key in asked})
        names = self.course.assignments()
        return run, engine.plan(self.book, run, self.course, handed, names, settings, **asked)

    def grade(self, **asked: Any) -> tuple[int, int]:
        """How many gradings held, and how many were made."""
        run, planned = self.plan(**asked)
        told: list[tuple[int, int]] = []
        gpus = 1 if "cuda" in asked.get("devices", ()) else 0
        with cluster.connected(self.course, None, 2, gpus) as client:
            engine.grade(self.book, run, planned, client, lambda *at: told.append(at))
        total = len(planned.kept) + len(planned.due)
        assert told == [(count, total) for count in range(len(planned.kept), total + 1)]
        return len(planned.kept), len(planned.due)

    def scores(self) -> dict[str, float]:
        run = self.book.runs()[-1]
        assert run.state == "finished"
        return {each.submission.key: each.total for each in standings(self.book, run)}


@pytest.fixture
def q1(small_course: Course, tmp_path: Path) -> Iterator[Class]:
    one = Class(small_course, tmp_path)
    yield one
    one.book.__exit__(None, None, None)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Task], Answer]], None]:
    """Replaces what a desk does with a task; the cluster and its threads stay."""

    def answering(answer: Callable[[Task], Answer]) -> None:
        monkeypatch.setattr(engine.desk, "work", answer)

    return answering


def right(task: Task, **more: Any) -> Answer:
    made = gradebooks.result("q1", gradebooks.question("q1.half", 50, 50), submission_hash="")
    return Answer(result=msgspec.json.encode(made), seconds=0.5, **more)


def grading_processes() -> set[int]:
    """Below this process, their zygotes among them."""
    found = set()
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):  # a zombie has no command line
            line = " ".join(child.cmdline())
            found |= {child.pid} if "spawn_main" in line or "zygote" in line else set()
    return found


# Dask takes functions by their names: what they saw stands here.
seen: list[str] = []
under_way: list[str] = []


def deadly(task: Task) -> Answer:
    """Kill what grades, if it is Ann's."""
    seen.append(task.pseudonym)
    if task.path.name == "ann":
        raise ProcessKilled("s-1 q1: a process that grades was killed")
    return right(task)


def watched(task: Task) -> Answer:
    """Take a moment, and note what is under way."""
    under_way.append(task.name)
    seen.append(f"{sum('GPU' in name for name in under_way)} on a GPU")
    time.sleep(0.05)
    under_way.remove(task.name)
    return right(task)


# -- really graded


def test_a_class_is_graded_once(q1: Class) -> None:
    """And what has changed is graded again, alone."""
    before = grading_processes()  # other tests share a zygote
    q1.hand_in("ann", "bob")
    (q1.folder / "in/bob/halves.py").write_text("def half(x):\n    return x\n")
    (q1.folder / "in/cid").mkdir()
    assert q1.grade() == (0, 3)
    scores = q1.scores()
    assert (scores["ann"], scores["cid"]) == (100, 0)
    assert 0 <= scores["bob"] < 50
    (cid,) = [each for each in q1.book.gradings() if each.submission == "cid"]
    assert cid.fault.startswith(f"{q1.book.pseudonym('cid')} is empty")
    assert cid.seconds > 0
    assert grading_processes() <= before

    shutil.copy(q1.course.root / RIGHT / "halves.py", q1.folder / "in/bob/halves.py")
    assert q1.grade() == (1, 2), "what could not be graded is tried again"
    assert q1.scores() == {"ann": 100, "bob": 100, "cid": 0}
    assert q1.book.runs()[0].id == 1
    assert len(list(q1.book.gradings())) == 5


@pytest.fixture
def card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A GPU that is pretended, in the processes that grade too; see plugins/pretend_gpu.py."""
    place = tmp_path / "driver"
    place.mkdir()
    program = place / "nvidia-smi"
    program.write_text('#!/bin/sh\necho "NVIDIA L4, GPU-00000000-2222, 23034, 10, 570.86.15"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{place}:{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", f"{support.TESTS}:{support.TESTS.parent}")
    monkeypatch.setenv("PYTEST_PLUGINS", "plugins.pretend_gpu")
    yield
    (gpu_lock.folder() / "grader-GPU-00000000-2222.lock").unlink(missing_ok=True)


def test_gpu_questions_are_gradings_of_their_own(tmp_path: Path, card: None) -> None:
    folder = tmp_path / "course"
    shutil.copytree(support.TESTS / "gpu_course", folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "pyproject.toml").write_text("[tool.pytest.ini_options]\naddopts = '--import-mode=importlib'\n")
    one = Class(Course(folder), tmp_path / "class")
    shutil.copytree(folder / "reference/g1", one.folder / "in/ann")
    assert one.grade(devices=("cpu", "cuda")) == (0, 2)
    on_cpu, on_gpu = sorted(one.book.gradings(), key=lambda each: each.version.device)
    assert (on_cpu.version.device, on_cpu.usable) == ("cpu", True)
    assert on_gpu.result is not None
    judged = {test.name for q in on_gpu.result.questions for test in q.tests if test.outcome != "not_run"}
    assert judged == {"test_gpu.py::test_where_on_a_gpu"}, "the race is not calibrated for this card"
    assert one.scores() == {"ann": 101}
    assert not on_gpu.usable
    assert one.grade(devices=("cpu", "cuda")) == (1, 1)


# -- what is due


def test_what_holds_is_not_due(q1: Class, quick: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    q1.hand_in("ann", "bob")
    quick(right)
    assert q1.grade() == (0, 2)
    assert q1.grade() == (2, 0)
    assert [len(list(q1.book.gradings(run))) for run in q1.book.runs()] == [2, 2]
    assert q1.grade(seed=3) == (0, 2), "another seed"
    assert q1.grade(isolation="process") == (0, 2)
    path = q1.course.assignment("q1").folder / "test_hidden.py"
    path.write_text(path.read_text() + "# another version\n")
    assert q1.grade() == (0, 2)
    secret = q1.folder / "secret"
    secret.write_text("s" * 64)
    monkeypatch.setenv("GRADER_SECRET_FILE", str(secret))
    assert q1.grade() == (0, 2), "another course secret: other seeds"
    secret.write_text("t" * 64)
    assert q1.grade() == (0, 2)
    monkeypatch.setattr(identity, "versions", lambda: {"torch": "3.0"})
    assert q1.grade() == (0, 2)
    monkeypatch.setattr(identity, "_engine", lambda: "another engine")
    assert q1.grade() == (0, 2)
    assert q1.grade() == (2, 0)


def test_a_file_that_nobody_asked_for_changes_nothing(q1: Class, quick: Any) -> None:
    q1.hand_in("ann")
    quick(right)
    assert q1.grade() == (0, 1)
    (q1.folder / "in/ann/notes.txt").write_text("to myself")
    assert q1.grade() == (1, 0)
    (q1.folder / "in/ann/halves.py").rename(q1.folder / "in/ann/Halves.py")
    assert q1.grade() == (0, 1), "a name that is one letter off is told to the student"


def test_regrading_is_asked_for(q1: Class, quick: Any) -> None:
    q1.hand_in("ann", "bob")
    quick(right)
    assert q1.grade() == (0, 2)
    assert q1.grade(regrade=True) == (0, 2)
    assert [each.attempt for each in q1.book.gradings()] == [1, 1, 2, 2]


def test_a_regrade_that_was_cut_off_goes_on(q1: Class, quick: Any) -> None:
    q1.hand_in("ann", "bob")
    quick(right)
    q1.grade()
    run, planned = q1.plan(regrade=True)
    q1.book.add(run, engine._grading(planned.due[0], right(planned.due[0].task)))
    assert q1.grade(regrade=True) == (1, 1)
    assert sorted(each.attempt for each in q1.book.gradings()) == [1, 1, 2, 2]


def test_an_assignment_without_gpu_questions_asks_for_no_gpu(q1: Class) -> None:
    q1.hand_in("ann")
    _, planned = q1.plan(devices=("cpu", "cuda"))
    assert [due.task.device for due in planned.due] == ["cpu"]


def test_a_part_that_is_not_there(q1: Class) -> None:
    q1.hand_in("ann")
    with pytest.raises(ConfigError, match="has no part"):
        q1.plan(part="second")


def test_single_files_are_gathered(q1: Class) -> None:
    """Each time anew: what was taken back is gone."""
    path = q1.folder / "ann_1_2_halves.py"
    shutil.copy(q1.course.root / RIGHT / "halves.py", path)
    (ann,) = take_in(q1.book, [Entry(key="ann", files={"halves.py": path, "more.py": path})])
    assert {each.name for each in ann.path.iterdir()} == {"halves.py", "more.py"}
    assert "ann" not in str(ann.path.relative_to(q1.folder))
    (ann,) = take_in(q1.book, [Entry(key="ann", files={"halves.py": path})])
    assert [each.name for each in ann.path.iterdir()] == ["halves.py"]
    with pytest.raises(GraderFault, match=rf"files of {q1.book.pseudonym('ann')} cannot be gathered"):
        take_in(q1.book, [Entry(key="ann", files={"halves.py": q1.folder / "gone.py"})])


# -- what comes back


def test_a_submission_that_changed_meanwhile_has_no_grade(q1: Class, quick: Any) -> None:
    q1.hand_in("ann")
    made = gradebooks.result("q1", gradebooks.question("q1.half", 50, 50), submission_hash="b" * 64)
    quick(lambda task: Answer(result=msgspec.json.encode(made)))
    q1.grade()
    (ann,) = q1.book.gradings()
    assert (ann.result, ann.fault) == (None, "it was changed while it was graded")


def test_pictures_are_kept_with_their_grading(q1: Class, quick: Any) -> None:
    q1.hand_in("ann")
    quick(lambda task: right(task, pictures={"q1/a.png": b"picture"}))
    q1.grade()
    assert q1.book.pictures(1) == {"q1/a.png": b"picture"}


def test_a_worker_with_another_version_ends_the_run(q1: Class, quick: Any) -> None:
    q1.hand_in("ann")
    quick(lambda task: Answer(other="the version of q1 is 0123 there"))
    with pytest.raises(GraderFault, match="cannot grade the same as this machine: the version of q1 is 0123"):
        q1.grade()
    assert [run.state for run in q1.book.runs()] == ["stopped"]


def test_a_desk_refuses_another_version(q1: Class) -> None:
    q1.hand_in("ann")
    _, planned = q1.plan()
    (due,) = planned.due
    other = msgspec.structs.replace(due.task, version="0" * 64)
    gone_now = msgspec.structs.replace(due.task, assignment="q9")
    with cluster.connected(q1.course, None, 1) as client:
        answers = client.gather(client.map(desk.work, [other, gone_now]))
    assert [answer.result for answer in answers] == [b"", b""]
    assert answers[0].other.startswith("the version of q1 is ")
    assert answers[1].other.startswith("no assignment 'q9'")


@pytest.mark.parametrize("error", [ValueError, OSError])
def test_an_unexpected_error_ends_the_run_in_words(q1: Class, quick: Any, error: type[Exception]) -> None:
    """A full disk of a worker among them, which is no lost connection."""
    q1.hand_in("ann")

    def broken(task: Task) -> Answer:
        raise error("it went wrong")

    quick(broken)
    said = rf"^s-\w+ q1: a worker of the cluster failed: {error.__name__}: it went wrong"
    with pytest.raises(GraderFault, match=said):
        q1.grade()


def test_what_kills_its_process_each_time_has_no_grade(q1: Class, quick: Any) -> None:
    q1.hand_in("ann", "bob")
    seen.clear()
    quick(deadly)
    q1.grade()
    ann, bob = sorted(q1.book.gradings(), key=lambda each: each.submission)
    assert ann.fault == "what graded it was killed 3 times, for want of memory perhaps"
    assert bob.usable
    names = [q1.book.pseudonym(name) for name in ("ann", "bob")]
    assert sorted(seen) == sorted([*engine.TRIES * names[:1], names[1]])


def one_future(status: str, error: BaseException | None = None) -> Any:
    return SimpleNamespace(status=status, exception=lambda: error)


@pytest.mark.parametrize(
    "future",
    [one_future("cancelled"), one_future("lost"), one_future("error", CancelledError("its key"))],
    ids=["cancelled", "lost", "error"],
)
def test_nobody_can_say_what_came_of_it(future: Any) -> None:
    with pytest.raises(SchedulerGone, match="the Dask scheduler is gone"):
        engine._answer(future, SimpleNamespace(name="s-1 q1"))  # type: ignore[arg-type]


def test_a_worker_that_is_killed_each_time_is_told() -> None:
    future = one_future("error", KilledWorker("its key", SimpleNamespace(address="tcp://somewhere"), 3))
    assert "killed 3 times" in engine._answer(future, SimpleNamespace(name="s-1 q1")).fault  # type: ignore[arg-type]


def test_a_broken_connection_ends_the_run_in_words(
    q1: Class, quick: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    q1.hand_in("ann")
    quick(right)

    def broken(client: object) -> int:
        raise OSError("connection reset")

    monkeypatch.setattr(cluster, "threads", broken)
    with pytest.raises(SchedulerGone, match="the Dask scheduler is gone: connection reset"):
        q1.grade()


# -- clusters


def test_gpu_questions_need_a_worker_with_a_gpu(q1: Class) -> None:
    q1.hand_in("ann")
    run, planned = q1.plan()
    on_gpu = msgspec.structs.replace(planned.due[0].task, device="cuda")
    planned = Plan([], [engine.Due(planned.due[0].submission, planned.due[0].version, Taken(""), on_gpu)])
    with (
        cluster.connected(q1.course, None, 1) as client,
        pytest.raises(GraderFault, match="no worker of the cluster offers a GPU"),
    ):
        engine.grade(q1.book, run, planned, client, lambda *at: None)


def test_gpu_questions_run_one_at_a_time(q1: Class, quick: Any) -> None:
    q1.hand_in(*"abcdef")
    run, planned = q1.plan()
    seen.clear()
    quick(watched)
    due = []
    for each in planned.due:
        for device in ("cpu", "cuda"):
            task = msgspec.structs.replace(each.task, device=device)
            version = msgspec.structs.replace(each.version, device=device, digest=device)
            due.append(engine.Due(each.submission, version, each.taken, task))
    with cluster.connected(q1.course, None, 3, gpus=1) as client:
        assert (sum(cluster.threads(client).values()), cluster.gpus(client)) == (3, 1)
        engine.grade(q1.book, run, Plan([], due), client, lambda *at: None)
    assert set(seen) == {"0 on a GPU", "1 on a GPU"}
    assert len(list(q1.book.gradings())) == 12


def test_our_own_cluster_listens_to_nobody_else(q1: Class) -> None:
    """Its messages are unpickled by whoever gets them: none comes over a socket, and no page shows a task."""
    with cluster.connected(q1.course, None, 2) as client:
        assert client.scheduler.address.startswith("inproc://")
        listening = [each for each in psutil.Process().net_connections() if each.status == psutil.CONN_LISTEN]
        assert {each.laddr.ip for each in listening} <= {"127.0.0.1"}
        for each in listening:
            with socket.create_connection(each.laddr, timeout=10) as line:
                line.sendall(b"GET /status HTTP/1.0\r\n\r\n")
                assert line.recv(100).startswith(b"HTTP/1.1 404")


def test_nobody_at_an_address(small_course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    for address in (f"tcp://127.0.0.1:{port}", "no such thing"):
        with (
            pytest.raises(SchedulerGone, match=f"no Dask scheduler answers at {address}"),
            cluster.connected(small_course, address, 1),
        ):
            pass


def test_a_scheduler_without_workers(small_course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    from distributed import LocalCluster

    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 0.5)
    with (
        LocalCluster(
            n_workers=0, processes=False, host="127.0.0.1", dashboard_address="127.0.0.1:0", protocol="tcp://"
        ) as empty,
        pytest.raises(SchedulerGone, match="has no workers"),
        cluster.connected(small_course, empty.scheduler_address, 1),
    ):
        pass


def test_a_cluster_that_goes_on_keeps_nothing_of_ours(q1: Class) -> None:
    """Neither the processes that graded nor what starts them."""
    from distributed import LocalCluster

    q1.hand_in("ann")
    before = grading_processes()
    run, planned = q1.plan()
    here = {"host": "127.0.0.1", "dashboard_address": "127.0.0.1:0", "protocol": "tcp://"}
    with LocalCluster(n_workers=1, threads_per_worker=2, processes=False, **here) as running:
        with cluster.connected(q1.course, running.scheduler_address, 1) as client:
            assert list(cluster.threads(client).values()) == [2]
            engine.grade(q1.book, run, planned, client, lambda *at: None)
            processes = grading_processes() - before
        assert processes
        assert gone(list(processes), SECONDS)
        assert all(desk.NAME not in worker.plugins for worker in running.workers.values())
    assert q1.scores() == {"ann": 100}


def test_a_killed_process_is_replaced(q1: Class, monkeypatch: pytest.MonkeyPatch) -> None:
    """The desk of a worker that is at home in no cluster here."""
    one = desk.Desk(q1.course)
    one.setup(SimpleNamespace(state=SimpleNamespace(nthreads=1)))  # type: ignore[arg-type]
    monkeypatch.setattr(desk, "carry_out", kill_once)
    task = Task(pseudonym="s-1", assignment="q1", path=q1.folder / "first", version="", asked=Asked())
    with pytest.raises(ProcessKilled, match="s-1 q1: a process that grades was killed"):
        one.work(task)
    answer = one.work(task)
    pid = int(answer.fault)
    one.teardown(SimpleNamespace())  # type: ignore[arg-type]
    assert gone([pid], SECONDS)
    with pytest.raises(ProcessKilled, match="told to end"):
        one.work(task)


def kill_once(grading: Grading, task: Task) -> Answer:
    """End the first process that comes; the next tells its number."""
    if not task.path.exists():
        task.path.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return Answer(fault=str(os.getpid()))


# -- names


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("/in/anna.zip is no zip", "s-1 is no zip"),
        ("anna.zip is no zip; anna", "s-1 is no zip; s-1"),
        ("annahall and hanna stay", "annahall and hanna stay"),
    ],
)
def test_faults_name_nobody(text: str, said: str) -> None:
    task = Task(pseudonym="s-1", assignment="q1", path=Path("/in/anna.zip"), version="", asked=Asked())
    assert discreet(text, task) == said
