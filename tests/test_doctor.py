"""The doctor says what was found by trying, and its status says whether this machine can grade."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from grader import doctor
from grader.doctor import Finding
from grader.faults import GraderFault
from grader.launch import Fresh, Plan, Zygote
from grader.worker import sandbox

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
    assert f"the median of {doctor.FORKS}" in one(found, "fork to answer").says
    assert one(found, "by-hand latch").state == "yes"
    assert one(found, "strong isolation").state == "no"
    assert [one(found, f"layer {layer.name}").state for layer in sandbox.LAYERS] == ["yes"] * len(
        sandbox.LAYERS
    )


def test_torch_is_not_loaded_to_say_which_it_is() -> None:
    program = (
        "import sys\nfrom grader import doctor\nprint(doctor.torch_build().says, 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("2.")
    assert done.stdout.strip().endswith("False")


# -- what may be missing


class Broken:
    name = "zygote"

    def __init__(self, folder: Path) -> None:
        pass

    def start(self, plan: Plan) -> Any:
        raise GraderFault("the zygote did not start: no torch")

    def close(self) -> None:
        pass


def test_workers_that_do_not_start_are_broken() -> None:
    assert list(doctor.workers(Broken)) == [  # type: ignore[arg-type]
        Finding("zygote", "broken", "no worker: the zygote did not start: no torch")
    ]


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


def test_a_layer_that_is_off_says_what_is_not_stopped() -> None:
    found = list(doctor.confinement(["scratch"]))
    assert one(found, "layer scratch").says.startswith("stops litter")
    assert one(found, "layer rlimits") == Finding(
        "layer rlimits",
        "no",
        "not stopped: memory, files, descriptors and CPU time without bound; core dumps",
    )


def test_small_pages_are_said(monkeypatch: pytest.MonkeyPatch, zygote: Zygote) -> None:
    monkeypatch.setattr(doctor, "HUGE_ENOUGH", 1 << 40)
    assert doctor.huge_pages(zygote).state == "no"


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
