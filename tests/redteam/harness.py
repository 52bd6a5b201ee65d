"""The red team's arena: grades one attack as a user would, then looks at everything that it must not change.

A row is a folder under ``rows/`` with a ``row.toml`` (:class:`Row`) and files that are appended to those of
the reference or the starter. A row is graded by a whole pytest run of the plugin, in this process: what an
attack can reach is the judge, its zygote and the file system as they are in any grading run. One zygote
serves all rows, so that damage done to it by one row shows in the next.

A row names what it may leave anywhere (files, sockets, keys) with the word ``redteam``, so that it is found
on a machine where other things happen too. It does no harm where nothing stops it: it opens a file for
writing and does not write, and says so. ``GRADER_REDTEAM_ISOLATION=process`` runs the table without the
sandbox, where one row can see what another leaves: in one process then, as without namespaces, and on a
machine of one's own.
"""

from __future__ import annotations

import contextlib
import ctypes
import io
import os
import re
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import msgspec
import psutil
import pytest
import support

from grader import connection, judging, workers
from grader.faults import GraderFault, Outcome
from grader.launch import Allowance, Launcher, Plan, call_id
from grader.subject import Decoder
from grader.worker import messages

ROOT = Path(__file__).parents[2]
ROWS = Path(__file__).parent / "rows"
NOT_ROWS = Path(__file__).parent / "not_rows.toml"
LEAK = re.compile("redteam.leak")  # what a row says together with a hidden test's inputs
COMMANDS = ("::", "##[", "##vso[")  # what GitHub and Azure carry out where a line of a log begins with it
SETTLE_SECONDS = 2.0
MARK = "redteam"  # in the name of whatever a row leaves
ISOLATION = os.environ.get("GRADER_REDTEAM_ISOLATION", "")  # "" is the plugin's own default
STRENGTH = {"none": 0, "process": 1, "sandbox": 2}
PR_SET_CHILD_SUBREAPER = 36
SYS_KEYCTL, KEYCTL_INVALIDATE = 250, 21
IPC_KEY, IPC_RMID = 0x7ED7EA, 0  # of rows that keep System V memory, semaphores and queues
PLACES = tuple(Path(name) for name in ("/tmp", "/var/tmp", "/dev/shm", "/run", "/"))
CANARY = Path(__file__).with_name("canary.py")
# What is not under test and costs time; no capture, or a run's own report would be lost in it.
WITHOUT = (
    "hypothesispytest",
    "benchmark",
    "cacheprovider",
    "xdist",
    "faulthandler",
    "typeguard",
    "anyio",
    "unraisableexception",  # collects garbage at the end of each run, five times over
    "threadexception",
)


libc = ctypes.CDLL(None)


class Row(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What ``row.toml`` says.

    :param attacks: numbers of the catalogue of attacks on graders; none for an invented one.
    :param title: what the attack does, in one sentence.
    :param select: pytest's ``-k`` expression for the tests that are run.
    :param files: the test files to collect; all of them if none is named.
    :param base: where the files come from that the row does not bring.
    :param honest: the points that the honest part of the submission earns; never more are got.
    :param prints: a regular expression found in what the worker printed: the attack ran, and how it ended.
    :param outcomes: what the tests that were run may end as.
    :param needs: the weakest isolation that promises it.
    :param layers: of the sandbox; where one of them is missing it is not promised, and SECURITY.md says so.
    :param whole: a file of the row replaces the base's and is not appended to it.
    :param seconds: computing time for each test instead of the marker's; four times that by the wall clock.
    :param links: files handed in as symbolic links, and where they point from the submission's folder.
    :param rehearsal: of GPU questions, which pay nothing then: what counts is how they end.
    :param slow: it takes more than a few seconds, mostly of known mistakes that are asked the same.
    :param open: why points are still got that were not earned, and what would stop it. Such a row must go on
        getting them, so that the mark goes when the hole does; SECURITY.md lists it among what stays open.
    """

    attacks: list[int]
    title: str
    assignment: str
    select: str
    honest: float
    prints: str
    outcomes: list[Outcome]
    needs: Literal["process", "sandbox"]
    base: Literal["reference", "starter"] = "reference"
    files: str | list[str] = ""
    layers: list[str] = []
    whole: bool = False
    seconds: float | None = None
    links: dict[str, str] = {}
    rehearsal: bool = False
    slow: bool = False
    open: str = ""


def load(folder: Path) -> Row:
    """A row's description.

    :raises msgspec.DecodeError: it is not one.
    """
    return msgspec.toml.decode((folder / "row.toml").read_bytes(), type=Row)


def rows() -> list[Path]:
    """The folders of all rows, by name."""
    return sorted(path.parent for path in ROWS.glob("*/row.toml"))


class NoRow(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Why an attack of the catalogue has no row, and what stands in for one.

    :param tests: test files of the repository that cover it.
    """

    why: str
    tests: list[str] = []


def no_rows() -> dict[int, NoRow]:
    """The attacks without a row, by their numbers."""
    found = msgspec.toml.decode(NOT_ROWS.read_bytes(), type=dict[str, NoRow])
    return {int(number): entry for number, entry in found.items()}


@dataclass
class Run:
    """What one grading run left.

    :param printed: what its workers printed, the reference's and the known mistakes' included.
    """

    status: int
    said: str
    printed: str
    results: dict[str, Any]
    gradescope: dict[str, Any]

    @property
    def tests(self) -> list[dict[str, Any]]:
        """The tests that were run."""
        tests = [test for question in self.results["questions"] for test in question["tests"]]
        return [test for test in tests if test["outcome"] != Outcome.NOT_RUN]


@dataclass
class Arena:
    """A copy of the course, one zygote, and what both look like while nobody has touched them."""

    folder: Path
    isolation: str = ""
    layers: frozenset[str] = frozenset()
    launcher: Launcher | None = None
    trouble: list[str] = field(default_factory=list)
    _close: Any = None
    _printed: list[str] = field(default_factory=list)
    _runs: int = 0

    def __post_init__(self) -> None:
        self.course = self.folder / "course"
        for name in ("assignments", "reference", "starter"):
            left_out = shutil.ignore_patterns("__pycache__", ".*")
            shutil.copytree(ROOT / name, self.course / name, ignore=left_out)
        shutil.copy(ROOT / "pyproject.toml", self.course)
        self.secret = self.folder / "course-secret"
        self.secret.write_text("a secret of the red team's arena: no row prints this line\n")
        self.secret.chmod(0o600)
        (self.folder / "canary").mkdir()
        shutil.copy(CANARY, self.folder / "canary" / "canary.py")
        self.watched = (self.course, ROOT / "grader")
        for place in (self.folder, *self.folder.parents):  # pytest's are closed to the users of workers
            about = place.stat()
            if about.st_uid == os.geteuid() and "pytest-of" in str(place):
                place.chmod(about.st_mode | 0o011)
        # Whatever is orphaned below this process comes to it and is seen.
        libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)

    # -- the zygote that all rows share

    def launch(self, run: workers.Workers, original: Any) -> Launcher:
        """The shared launcher, made as the first run would make its own."""
        if self.launcher is None:
            own, home = run.folder, self.folder / f"zygote{self._runs}"
            home.mkdir(mode=0o700)
            run.folder = home
            try:
                self.launcher = original(run)
            finally:
                run.folder = own
            self._close = self.launcher.close
            self.launcher.close = lambda: None
        return self.launcher

    def close(self) -> None:
        """End the zygote."""
        if self._close is not None:
            self._close()
        self.launcher = None

    # -- one run

    @contextlib.contextmanager
    def _patched(self, seconds: float | None) -> Iterator[None]:
        original, allowance = workers.Workers._launcher, judging.Judge._allowance
        new_output, close = connection.Worker.new_output, connection.Worker.close

        def printed(worker: connection.Worker) -> str:
            text = new_output(worker)
            self._printed.append(text)
            return text

        def closed(worker: connection.Worker) -> None:
            was_alive = worker.alive
            close(worker)
            if was_alive:
                self._printed.append(worker.output())

        handler = signal.getsignal(signal.SIGALRM)
        kept = (os.getcwd(), tempfile.tempdir, dict(os.environ))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(workers.Workers, "_launcher", lambda run: self.launch(run, original))
            patch.setattr(connection.Worker, "new_output", printed)
            patch.setattr(connection.Worker, "close", closed)
            if seconds is not None:
                patch.setattr(judging.Judge, "_allowance", lambda *_: Allowance.of_timeout(seconds))
            else:
                patch.setattr(judging.Judge, "_allowance", allowance)
            patch.setenv("GRADER_SECRET_FILE", str(self.secret))
            try:
                yield
            finally:
                if handler is not None:
                    signal.signal(signal.SIGALRM, handler)
        os.chdir(kept[0])
        tempfile.tempdir = kept[1]

    def grade(
        self,
        assignment: str,
        submission: Path,
        select: str,
        files: str | list[str] = "",
        seconds: float | None = None,
        *,
        rehearsal: bool = False,
    ) -> Run:
        """Grade a submission as `pytest` does on the command line."""
        self._runs += 1
        own = self.folder / f"run{self._runs}"
        (own / "tmp").mkdir(parents=True)
        results, gradescope = own / "results.json", own / "gradescope.json"
        folder = self.course / "assignments" / assignment
        names = files.split() if isinstance(files, str) else files
        targets = [folder / name for name in names] or [folder]
        line = [*map(str, targets), "-k", select, "-s", "-q", "--submission", str(submission)]
        line += ["--results", str(results), "--gradescope", str(gradescope), "--artifacts", str(own / "art")]
        line += [f"--rootdir={self.course}", "-c", str(self.course / "pyproject.toml")]
        line += ["--isolation", ISOLATION] if ISOLATION else []
        line += ["--gpu-rehearsal"] if rehearsal else []
        for plugin in WITHOUT:
            line += ["-p", f"no:{plugin}"]
        self._printed.clear()
        said = io.StringIO()
        with self._patched(seconds), contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            tempfile.tempdir = str(own / "tmp")
            status = int(pytest.main(line))
        left = sorted(path.name for path in (own / "tmp").iterdir())
        if left:
            self.trouble.append(f"left in the run's TMPDIR: {left}")
        return Run(
            status,
            said.getvalue(),
            "\n".join(text for text in self._printed if text),
            support.read_results(results),
            support.read_gradescope(gradescope),
        )

    # -- what must be as it was

    def begin(self) -> None:
        """Start the zygotes and keep what a worker of theirs sees."""
        run = self.grade(
            "p1", self.course / "reference", "test_forward_edges", "test_hidden_gradient_flow.py"
        )
        assert run.status == 0, run.said
        self.isolation = run.results["isolation"]
        self.layers = frozenset(run.results["layers"])
        assert self.launcher is not None
        self.launcher.wait_ready()  # type: ignore[attr-defined]
        self.canaries = {by_hand: self.canary(by_hand) for by_hand in (False, True)}
        for by_hand, seen in self.canaries.items():
            differs = differences(seen, self.canary(by_hand))
            assert not differs, f"two workers differ before anybody attacked: {differs}"
        self.kept = self.settled(set())  # never empty: waits until the last guard has surely gone

    def canary(self, by_hand: bool) -> Any:
        """What a fresh worker sees of itself.

        :raises GraderFault: none could be had.
        """
        assert self.launcher is not None
        plan = Plan(
            self.folder / "canary",
            {"canary": "canary.py"},
            {},
            seed=7,
            by_hand=by_hand,
            confined=self.isolation == "sandbox",
        )
        worker = self.launcher.start(plan)
        try:
            message = messages.Call(call_id(), "canary", "look", [], [], [])
            reply, buffer = worker.request(message, [], Allowance(60, 120))
            assert isinstance(reply, messages.Answer), reply
            return Decoder(buffer).value(reply.value)
        finally:
            worker.close()

    def below(self) -> set[tuple[int, float]]:
        """Processes below this one; those that have ended and wait to be collected are none."""
        found = set()
        for process in psutil.Process().children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                if process.status() != psutil.STATUS_ZOMBIE:
                    found.add((process.pid, process.create_time()))
        return found

    def settled(self, expected: set[tuple[int, float]]) -> set[tuple[int, float]]:
        """The arena's processes once no more of them end: the last guards take a moment to go."""
        found, stop = self.below(), time.monotonic() + SETTLE_SECONDS
        while found != expected and time.monotonic() < stop:
            time.sleep(0.02)
            found = self.below()
        return found | self.elsewhere()

    def elsewhere(self) -> set[tuple[int, float]]:
        """Processes that work in the arena's folder, or whose environment names it, wherever they hang."""
        found, mine = set(), {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error, OSError):  # a folder may be too deep to be named
                places = (process.cwd(), process.environ().get("HOME", ""))
                ours = any(place.startswith(str(self.folder)) for place in places)
                if ours and process.pid not in mine and process.status() != psutil.STATUS_ZOMBIE:
                    found.add((process.pid, process.create_time()))
        return found

    def files(self) -> dict[str, tuple[int, ...]]:
        """The files that no submission may change, with what a change of them shows in."""
        found = {}
        for top in self.watched:
            for place, folders, names in os.walk(top):
                folders[:] = [name for name in folders if name != "__pycache__"]
                for name in (*names, "."):
                    about = os.lstat(os.path.join(place, name))
                    found[os.path.join(place, name)] = (
                        about.st_mode,
                        about.st_uid,
                        about.st_nlink if name != "." else 0,
                        about.st_size,
                        about.st_mtime_ns if name != "." else 0,  # caches of bytecode come and go in it
                    )
        return found

    def litter(self) -> list[str]:
        """What rows have left where the next submission could find it, by the rows' mark."""
        found = []
        for place in (*PLACES, Path.home(), Path.cwd(), self.course, ROOT / "grader"):
            with contextlib.suppress(OSError):
                found += [str(path) for path in place.iterdir() if MARK in path.name and path != ROWS.parent]
        for table in ("/proc/net/unix", "/proc/keys"):
            with contextlib.suppress(OSError):
                found += [line.strip() for line in Path(table).read_text().splitlines() if MARK in line]
        return sorted(found)

    def scratch(self) -> set[str]:
        """What lies in the launcher's folder, where scratch folders come and go."""
        assert self.launcher is not None
        folder = self.launcher.folder  # type: ignore[attr-defined]
        return {str(path.relative_to(folder)) for path in (*folder.glob("*"), *folder.glob("*/*"))}

    def system_v(self) -> dict[str, list[str]]:
        """Shared memory, semaphores and message queues of the system's old kind, by their keys and ids."""
        found = {}
        for kind in ("shm", "sem", "msg"):
            with contextlib.suppress(OSError):
                lines = Path(f"/proc/sysvipc/{kind}").read_text().splitlines()[1:]
                found[kind] = [" ".join(line.split()[:2]) for line in lines]
        return found

    # -- an attack

    def fight(self, folder: Path) -> list[str]:
        """Grade a row and say what it should not have been able to do; an empty list is a row that held."""
        row = load(folder)
        self.trouble = []
        submission = self.submission(folder, row)
        before = (self.files(), self.litter(), self.system_v(), own_state(), self.scratch())
        asked = (row.assignment, submission, row.select, row.files, row.seconds)
        run = self.grade(*asked, rehearsal=row.rehearsal)
        self.points(row, run)
        self.remains(*before)
        self.next_worker()
        self.clear()
        return self.trouble

    def submission(self, folder: Path, row: Row) -> Path:
        """The folder that is handed in."""
        into = Path(tempfile.mkdtemp(prefix="submission", dir=self.folder))
        base, left_out = self.course / row.base / row.assignment, shutil.ignore_patterns("mistakes")
        shutil.copytree(base, into, ignore=left_out, dirs_exist_ok=True)
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(folder)
            target = into / name
            if path.name == "row.toml" or "__pycache__" in name.parts:
                continue
            if path.is_dir():
                if target.is_file():
                    target.unlink()
                target.mkdir(exist_ok=True)
            elif target.exists() and not row.whole:
                target.write_bytes(target.read_bytes() + b"\n\n" + path.read_bytes())
            else:
                target.write_bytes(path.read_bytes())
        for link, where in row.links.items():
            (into / link).unlink(missing_ok=True)
            (into / link).symlink_to(where)
        return into

    def points(self, row: Row, run: Run) -> None:
        """Look at what was paid, and at what the results say."""
        said = f"{run.said}\n-- the workers printed:\n{run.printed[:4000]}"
        paid = sum(test["points"] for test in run.tests)
        if not run.tests:
            self.trouble.append(f"no test was run: {said}")
        if paid > row.honest + 1e-9:
            self.trouble.append(f"{paid:g} points for what earns {row.honest:g}: {said}")
        wrong = {test["name"]: test["outcome"] for test in run.tests if test["outcome"] not in row.outcomes}
        if wrong:
            self.trouble.append(f"not {row.outcomes} but {wrong}: {said}")
        if not re.search(row.prints, run.printed, re.MULTILINE):
            self.trouble.append(f"nothing printed matches {row.prints!r}: {said}")
        if run.status not in (support.PASSED, support.FAILED):
            self.trouble.append(f"exit status {run.status}: {said}")
        if run.results["state"] != "finished":
            self.trouble.append(f"the results say {run.results['state']}")
        if "\x1b" in run.said.replace("\x1b[0m", ""):
            self.trouble.append("an escape sequence in the report")
        if any(line.startswith(COMMANDS) for line in run.said.splitlines()):
            self.trouble.append(f"a command to a platform in the report: {said}")
        if re.search(LEAK, run.said + msgspec.json.encode(run.gradescope).decode()):
            self.trouble.append(f"a hidden test tells its inputs: {said}")
        if self.secret.read_text().strip() in run.said + run.printed:
            self.trouble.append("the course secret is shown")

    def remains(self, files: Any, litter: Any, system_v: Any, state: Any, scratch: Any) -> None:
        """Look for what outlived the run."""
        if self.scratch() - scratch:
            self.trouble.append(f"left among the scratch folders: {self.scratch() - scratch}")
        now = self.settled(self.kept)
        if self.kept - now:
            self.trouble.append(f"killed: {[pid for pid, _ in self.kept - now]}")
        if now - self.kept:
            self.trouble.append(f"still runs: {[described(pid) for pid, _ in now - self.kept]}")
        after = self.files()
        changed = sorted(name for name in files.keys() | after.keys() if files.get(name) != after.get(name))
        if changed:
            self.trouble.append(f"changed (by the row, unless somebody edits them): {changed[:10]}")
        # Others may tidy up at the same moment: what has gone is no trouble.
        left = sorted(set(self.litter()) - set(litter)) + [
            f"{kind} {which}"
            for kind, found in self.system_v().items()
            for which in found
            if which not in system_v.get(kind, [])
        ]
        if left:
            self.trouble.append(f"left behind: {left}")
        if own_state() != state:
            self.trouble.append(f"this process is not what it was: {state} became {own_state()}")

    def next_worker(self) -> None:
        """Look at what the next submission would find."""
        try:
            for by_hand, want in self.canaries.items():
                self.trouble += differences(want, self.canary(by_hand))
            run = self.grade(
                "p1", self.course / "reference", "test_forward_edges", "test_hidden_gradient_flow.py"
            )
            if run.status != 0 or [test["outcome"] for test in run.tests] != ["passed"]:
                self.trouble.append(f"the reference does not pass any more: {run.said}")
        except (GraderFault, AssertionError, OSError) as error:
            self.trouble.append(f"no next worker: {error}")

    def clear(self) -> None:
        """Make the arena what it was, whatever the row has done to it."""
        for pid, _ in (self.below() | self.elsewhere()) - self.kept:
            with contextlib.suppress(psutil.Error):
                psutil.Process(pid).kill()
        for name in self.litter():
            with contextlib.suppress(OSError):
                if name.startswith("/"):
                    shutil.rmtree(name) if os.path.isdir(name) else os.unlink(name)
        for line in self.litter():
            if line.endswith("redteam: 1"):  # a line of /proc/keys
                libc.syscall(SYS_KEYCTL, KEYCTL_INVALIDATE, ctypes.c_int(int(line.split()[0], 16)))
        libc.mq_unlink(f"/{MARK}".encode())
        libc.shmctl(libc.shmget(IPC_KEY, 0, 0), IPC_RMID, None)
        libc.semctl(libc.semget(IPC_KEY, 0, 0), 0, IPC_RMID)
        libc.msgctl(libc.msgget(IPC_KEY, 0), IPC_RMID, None)
        if self.kept - self.below():
            self.close()
            self.begin()


def differences(want: dict[str, Any], seen: dict[str, Any]) -> list[str]:
    """What a worker sees otherwise than the first one."""
    return [
        f"the next worker's {name}: {want[name]!r:.500} became {seen[name]!r:.500}"
        for name in want
        if seen[name] != want[name]
    ]


def own_state() -> dict[str, Any]:
    """What of the judge's own process a worker might have changed."""
    return {
        "umask": next(line for line in open("/proc/self/status") if line.startswith("Umask")),
        "cwd": os.getcwd(),
        "nice": os.nice(0),
        "affinity": sorted(os.sched_getaffinity(0)),
        "mask": sorted(map(int, signal.pthread_sigmask(signal.SIG_BLOCK, []))),
        "host": os.uname().nodename,
    }


def described(pid: int) -> str:
    """A process for a message."""
    try:
        process = psutil.Process(pid)
        return f"{pid} under {process.ppid()}: {process.name()} {' '.join(process.cmdline())[:80]}"
    except psutil.Error:
        return str(pid)
