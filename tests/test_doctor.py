"""The doctor says what was found by trying, and its status says whether this machine can grade."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import staged
from rich.console import Console

from grader import doctor, doctor_workers
from grader.cards import Card, NoCard
from grader.config import Course
from grader.doctor_workers import Finding, Secrets
from grader.faults import GraderFault
from grader.isolation import lacking
from grader.launch import Fresh, Zygote
from grader.worker import sandbox
from grader.worker.messages import Offer

pytestmark = pytest.mark.timeout(240)


def reported(monkeypatch: pytest.MonkeyPatch, found: list[Finding], **console: Any) -> tuple[int, str]:
    monkeypatch.setattr(doctor, "findings", lambda: iter(found))
    printed = io.StringIO()
    return doctor.report(Console(file=printed, width=100, **console)), printed.getvalue()


def one(found: list[Finding], what: str) -> Finding:
    return next(finding for finding in found if finding.what == what)


# -- the report


def test_the_report_is_a_line_for_each_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [
        Finding("Python", "", "3.11"),
        Finding("fork", "yes", "[red]as it is[/red]"),
        Finding("x", "no", "y"),
    ]
    status, said = reported(monkeypatch, found)
    assert status == 0
    assert [line.split() for line in said.splitlines()] == [
        ["Python", "3.11"],
        ["fork", "yes", "[red]as", "it", "is[/red]"],
        ["x", "no", "y"],
    ]


@pytest.mark.parametrize(
    ("found", "strict", "loose"),
    [
        ([Finding("strong isolation", "yes", "")], 0, 0),
        ([Finding("fork", "yes", ""), Finding("strong isolation", "no", "")], 3, 0),
        ([Finding("fork", "yes", "")], 3, 0),
        ([Finding("torch", "broken", ""), Finding("strong isolation", "no", "")], 1, 1),
    ],
)
def test_strict_minds_isolation(found: list[Finding], strict: int, loose: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(doctor, "findings", lambda: iter(found))
        assert doctor.report(Console(file=io.StringIO()), strict=True) == strict
        assert doctor.report(Console(file=io.StringIO())) == loose


def test_what_is_broken_is_the_status(monkeypatch: pytest.MonkeyPatch) -> None:
    status, said = reported(monkeypatch, [Finding("torch", "broken", "not installed")], force_terminal=True)
    assert status == doctor.EXIT_BROKEN
    assert "\x1b[1;31mbroken" in said


# -- this machine


@pytest.fixture(scope="module")
def found() -> list[Finding]:
    return list(doctor.findings())


def test_this_machine_can_grade(found: list[Finding]) -> None:
    assert [finding for finding in found if finding.state == "broken"] == []
    assert all(finding.says for finding in found)
    assert one(found, "fork").state == "yes"
    assert "up after" in one(found, "zygote").says
    assert f"medians of {doctor_workers.FORKS}" in one(found, "fork to answer").says
    assert one(found, "by-hand latch").state == "yes"
    layers = {layer.name: one(found, f"layer {layer.name}") for layer in sandbox.LAYERS}
    on = {name for name, finding in layers.items() if finding.state == "yes"}
    assert on >= {layer.name for layer in sandbox.LAYERS if layer.where != "offered"}
    apart = {"namespaces", "own-root"} <= on or {"uid", "seccomp"} <= on
    assert found[-1].what == "strong isolation"
    assert (found[-1].state == "yes") is apart
    if apart:
        assert one(found, "fork to answer").says.startswith("confined: ")


def test_torch_is_not_loaded_to_say_which_it_is() -> None:
    program = (
        "import sys\nfrom grader import doctor\nprint(doctor.torch_build().says, 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("2.")
    assert done.stdout.strip().endswith("False")


STRONG = ("root", "root without CAP_SYS_ADMIN", "container", "user", "user on an old kernel")
MISSING = {  # layer and a piece of what is said about it
    "container": (
        "namespaces",
        "Missing: through a user namespace: unshare(0x10000000): ",
    ),
    "container with a closed home": ("uid", "Missing: the interpreter cannot be read by another user"),
    "container on an old kernel": ("landlock", "Missing: the kernel has none, or has it switched off"),
    "user": ("uid", "Missing: only root can give workers another user"),
    "user on an old kernel": ("landlock", "Needs Linux 5.13 with landlock among its security modules"),
    "user without namespaces": ("own-root", "Needs root with CAP_SYS_ADMIN, or unprivileged user namespaces"),
}


@pytest.mark.parametrize("stage", staged.stages(("user without namespaces",)))
def test_where_graders_run(stage: str) -> None:
    """Workers start on each of these machines, so the status is 0, whatever results will say."""
    environment = {"COLUMNS": "100", "TMPDIR": "/tmp"}
    done = staged.run(stage, "-m", "grader.cli", "doctor", cwd=staged.TESTS, environment=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert max(map(len, lines)) <= 100
    starts = [number for number, line in enumerate(lines) if line[:1].strip()]
    said = [" ".join(" ".join(lines[start:end]).split()) for start, end in pairwise([*starts, len(lines)])]
    if stage in MISSING:
        layer, words = MISSING[stage]
        found = next(line for line in said if line.startswith(f"layer {layer} "))
        assert found.startswith(f"layer {layer} no not stopped: ")
        assert words in found
    if stage in STRONG:
        assert said[-1].startswith("strong isolation yes hidden tests are run, and results say `sandbox`")
    elif stage == "container on an old kernel":
        assert said[-1].startswith("strong isolation no a worker can open ")
    else:
        assert said[-1].startswith("strong isolation no no namespaces (")
        assert "`--isolation process` grades all the same" in said[-1]


# -- what may be missing


class Broken:
    """A zygote that does not come up, or only if it is not asked to confine."""

    name = "zygote"
    always = True

    def __new__(cls, folder: Path, *, sandbox: bool = False, hide: Sequence[Path] = ()) -> Any:
        if sandbox or cls.always:
            raise GraderFault("a worker did not start:\nOSError: [Errno 12] no room")
        return Zygote(folder)


class BrokenSandbox(Broken):
    always = False


def test_workers_that_do_not_start_are_broken() -> None:
    assert list(doctor_workers.workers(Broken)) == [  # type: ignore[arg-type]
        Finding("zygote", "broken", "no worker: a worker did not start:\nOSError: [Errno 12] no room")
    ]


def test_a_confinement_that_cannot_be_prepared_is_no_strong_isolation_and_workers_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(doctor_workers, "FORKS", 1)
    found = list(doctor_workers.workers(BrokenSandbox))  # type: ignore[arg-type]
    assert one(found, "zygote").state == "yes"
    assert one(found, "fork to answer").says.startswith("not confined: ")
    assert one(found, "layer rlimits").state == "yes"
    assert one(found, "layer namespaces").state == "no"
    last = found[-1]
    assert (last.what, last.state) == ("strong isolation", "no")
    assert last.says.startswith("it could not be prepared (OSError: [Errno 12] no room). So hidden tests")


def test_new_interpreters_are_not_confined() -> None:
    found = list(doctor_workers.workers(Fresh))
    assert one(found, "fresh").state == "yes"
    assert one(found, "layer landlock").state == "no"
    assert one(found, "strong isolation").says.startswith("workers of this system are new interpreters")


def test_without_fork_workers_are_interpreters_and_the_latch_is_patches(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(doctor, "workers", lambda kind: asked.append(kind) or iter([]))
    monkeypatch.setattr(doctor.sys, "platform", "darwin")
    found = list(doctor.findings())
    assert asked == [Fresh]
    assert one(found, "fork").state == "no"
    assert one(found, "by-hand latch").state == "no"
    monkeypatch.setattr(doctor.sys, "platform", "linux")
    monkeypatch.setattr(doctor, "latch", lambda: Finding("by-hand latch", "no", "x"))
    list(doctor.findings())
    assert asked == [Fresh, Zygote]


def test_a_layer_that_is_off_says_what_is_not_stopped_why_and_how_to_get_it() -> None:
    offer = Offer([], {"landlock": "the kernel has none"})
    found = list(doctor_workers.confinement(["scratch"], offer))
    assert [finding.what for finding in found] == [f"layer {layer.name}" for layer in sandbox.LAYERS]
    assert one(found, "layer scratch").says.startswith("stops litter")
    assert one(found, "layer rlimits") == Finding(
        "layer rlimits",
        "no",
        "not stopped: memory, files, processes and CPU time without bound; core dumps",
    )
    assert one(found, "layer landlock").says == (
        "not stopped: touching files outside a short list, signals and abstract sockets to others. "
        "Missing: the kernel has none. Needs Linux 5.13 with landlock among its security modules"
    )


def test_strong_isolation_says_what_results_will_say() -> None:
    strong = doctor_workers.strong_isolation(None, Secrets())
    assert strong.state == "yes"
    assert "results say `sandbox`" in strong.says
    weak = doctor_workers.strong_isolation("a worker can open /x", Secrets())
    assert weak.state == "no"
    assert weak.says.startswith("a worker can open /x. So hidden tests are refused here")
    assert "`--isolation process`" in weak.says


@pytest.mark.parametrize("there", [True, False])
def test_the_control_group(monkeypatch: pytest.MonkeyPatch, there: bool) -> None:
    monkeypatch.setattr(doctor_workers.cgroups, "describe", lambda: (there, "as it is"))
    assert doctor_workers.control_group() == Finding("control group", "yes" if there else "no", "as it is")


def test_the_secrets_are_those_of_the_course_here(
    small_course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GRADER_SECRET_FILE", raising=False)
    monkeypatch.chdir(small_course.root / "assignments")
    found = Secrets.here()
    names = [path.relative_to(small_course.root).as_posix() for path in found.paths]
    assert names == [
        "assignments/q1/test_hidden.py",
        "reference/q1",
        "reference/q1/given.py",
        "reference/q1/halves.py",
    ]
    assert small_course.root / "assignments" in found.hide
    assert found.course == "tried on 4 files and folders of this course"
    (small_course.root / "assignments/q1/assignment.toml").write_text("title = 1\n")
    assert Secrets.here() == Secrets()
    monkeypatch.chdir(tmp_path)
    assert Secrets.here() == Secrets()


def test_what_a_worker_reaches_is_no_strong_isolation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Any worker can read what the system shows to everybody."""
    monkeypatch.setattr(doctor_workers, "FORKS", 1)
    seen = doctor_workers.see(Zygote, tmp_path / "here", Secrets([Path("/usr/bin/env")]))
    assert seen.weak is not None
    if lacking(seen.offer) is None:
        assert seen.weak.startswith("a worker can open /usr/bin/env")


def test_small_pages_are_said(monkeypatch: pytest.MonkeyPatch, zygote: Zygote) -> None:
    monkeypatch.setattr(doctor_workers, "HUGE_ENOUGH", 1 << 40)
    assert doctor_workers.huge_pages(zygote).state == "no"


@pytest.mark.parametrize(
    ("program", "words"), [("print(False)", "keeps its engine alive"), ("1 / 0", "keeps its")]
)
def test_a_latch_that_does_not_hold_is_said(
    monkeypatch: pytest.MonkeyPatch, program: str, words: str
) -> None:
    monkeypatch.setattr(doctor, "ASK_LATCH", program)
    finding = doctor.latch()
    assert finding.state == "no"
    assert words in finding.says


def test_a_latch_that_does_not_answer_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def late(*args: Any, **kwargs: Any) -> None:
        raise subprocess.TimeoutExpired("x", 120)

    monkeypatch.setattr(doctor.subprocess, "run", late)
    assert "did not answer" in doctor.latch().says


def test_pins_are_compared_with_what_is_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert "no constraints.txt" in doctor.pins().says
    (tmp_path / "assignments").mkdir()
    (tmp_path / "assignments" / "q1").mkdir()
    (tmp_path / "assignments" / "q1" / "assignment.toml").write_text("")
    (tmp_path / "constraints.txt").write_text("# a comment\npytest==0.0.1\nnot-installed-anywhere==1\n")
    finding = doctor.pins()
    assert finding.state == "no"
    assert finding.says.startswith("pytest ")
    assert finding.says.endswith(", not 0.0.1")
    assert "anywhere" not in finding.says


def test_plugins_and_torch_that_are_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise doctor.PackageNotFoundError(name)

    monkeypatch.setattr(doctor, "version", missing)
    assert doctor.torch_build() == Finding("torch", "broken", "not installed")
    assert [finding.state for finding in doctor.plugins()] == ["no", "no"]


def test_the_course_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GRADER_SECRET_FILE", raising=False)
    assert doctor.secret().state == "no"
    monkeypatch.setenv("GRADER_SECRET_FILE", str(tmp_path / "secret"))
    assert doctor.secret().state == "broken"
    (tmp_path / "secret").write_text("x" * 64)
    assert doctor.secret().state == "yes"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("NVIDIA L4", "NVIDIA L4, 23,034 MiB, driver 570"),
        ("NVIDIA X1", "does not know what it can do at most"),
    ],
)
def test_a_card_is_named(monkeypatch: pytest.MonkeyPatch, name: str, words: str) -> None:
    monkeypatch.setattr(doctor, "cards", lambda: [Card(name, "GPU-1", 23034 << 20, 0, "570")])
    assert doctor.gpu().state == ""
    assert words in doctor.gpu().says


def test_a_machine_without_a_card_can_grade(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> list[Card]:
        raise NoCard("nvidia-smi is not there")

    monkeypatch.setattr(doctor, "cards", none)
    found = doctor.gpu()
    assert (found.state, found.says) == ("no", "GPU questions are not run here: nvidia-smi is not there")
