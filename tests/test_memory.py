"""Memory of a worker's whole tree: watched by the judge, bounded by a control group where there is one."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from processes import Served

from grader import allowance, cgroups
from grader.allowance import TookTooMuch, tree_memory_bytes, tree_peak_bytes
from grader.launch import Allowance

pytestmark = pytest.mark.timeout(120)
Serve = Callable[..., Served]

MIB = 1 << 20
TAKES = """
import os, time
def f(processes, mib, seconds):
    for _ in range(processes):
        if os.fork() == 0:
            taken = b"x" * (mib << 20)
            time.sleep(60)
    time.sleep(seconds)
    return True
"""


def test_processes_that_take_too_much_together_are_stopped(serve: Serve) -> None:
    served = serve(TAKES, memory_bytes=800 * MIB)
    with pytest.raises(TookTooMuch, match="1,600 MiB"):
        served.reply("f", 10, 200, 50, allowance=Allowance(60, 60))
    assert not served.worker.alive


def test_what_processes_share_counts_once(serve: Serve) -> None:
    """Twenty children of an interpreter with torch, none of which takes anything."""
    assert serve(TAKES, memory_bytes=500 * MIB).f(20, 1, 2)


def test_a_tree_that_is_gone_takes_nothing() -> None:
    assert tree_memory_bytes(2**22 + 5) == 0


def test_where_shares_are_not_shown_what_is_a_processs_own_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    import psutil

    def refused(self: psutil.Process) -> None:
        raise psutil.AccessDenied

    whole = tree_memory_bytes(os.getpid())
    monkeypatch.setattr(psutil.Process, "memory_full_info", refused)
    own = tree_memory_bytes(os.getpid())
    assert 0.3 * whole < own < 3 * whole


GIVES_BACK = """
def f(mib):
    taken = b"x" * (mib << 20)
    return True
"""


def test_the_peak_tells_what_was_taken_and_given_back(serve: Serve) -> None:
    served = serve(GIVES_BACK)

    def peak() -> int:
        found = tree_peak_bytes(served.worker.root, guarded=served.worker.guarded)
        assert found is not None
        return found

    assert served.f(1)
    before = peak()
    assert served.f(1)
    assert peak() - before < 5 * MIB
    assert served.f(60)
    after = peak()
    assert 55 * MIB < after - before < 70 * MIB
    assert served.f(20)
    assert peak() - after < 5 * MIB


def test_a_peak_that_no_system_tells_is_no_number(monkeypatch: pytest.MonkeyPatch) -> None:
    assert tree_peak_bytes(2**22 + 5) is None
    own = tree_peak_bytes(os.getpid())
    assert own is not None
    assert own > 10 * MIB

    def no_such_file(*_: object) -> None:
        raise FileNotFoundError

    monkeypatch.setattr(allowance, "open", no_such_file, raising=False)
    assert tree_peak_bytes(os.getpid()) is None


# -- control groups: files that the kernel interprets. The kernel's side is tried where a machine has them.


def hierarchy(tmp_path: Path, controllers: str = "cpu memory pids", own: str = "/user/run") -> Path:
    """A /proc/self and a mounted tree of groups, of plain files."""
    proc, top = tmp_path / "proc", tmp_path / "groups"
    proc.mkdir()
    (top / own.lstrip("/")).mkdir(parents=True)
    (proc / "cgroup").write_text(f"4:memory:/elsewhere\n0::{own}\n")
    (proc / "mountinfo").write_text(
        f"22 27 0:21 / /proc rw - proc proc rw\n41 31 0:38 / {top} rw,nosuid - cgroup2 cgroup2 rw\n"
    )
    (top / "cgroup.subtree_control").write_text(controllers)
    (top / "user" / "cgroup.subtree_control").write_text("")
    return proc


def test_a_group_is_made_below_the_nearest_one_that_hands_its_memory_on(tmp_path: Path) -> None:
    group = cgroups.make(700 * MIB, hierarchy(tmp_path))
    assert group.folder.parent == tmp_path / "groups"
    assert (group.folder / "memory.max").read_text() == str(700 * MIB)
    assert (group.folder / "memory.swap.max").read_text() == "0"
    assert (group.folder / "pids.max").read_text() == str(cgroups.PROCESSES)
    assert group.entrance == group.folder / "cgroup.procs"


def test_two_groups_do_not_meet(tmp_path: Path) -> None:
    proc = hierarchy(tmp_path)
    assert cgroups.make(1, proc).folder != cgroups.make(1, proc).folder


@pytest.mark.parametrize("controllers", ["", "cpu pids"])
def test_without_the_memory_controller_there_is_none(tmp_path: Path, controllers: str) -> None:
    with pytest.raises(cgroups.NoGroup, match="memory controller"):
        cgroups.make(1, hierarchy(tmp_path, controllers))
    had, says = cgroups.describe(tmp_path / "proc")
    assert not had
    assert "watches" in says


def test_without_groups_of_version_2_there_is_none(tmp_path: Path) -> None:
    proc = hierarchy(tmp_path)
    (proc / "mountinfo").write_text("22 27 0:21 / /proc rw - proc proc rw\n")
    with pytest.raises(cgroups.NoGroup, match="version 2"):
        cgroups.make(1, proc)
    with pytest.raises(cgroups.NoGroup, match="version 2"):
        cgroups.make(1, tmp_path / "nowhere")


def test_groups_that_cannot_be_written_are_no_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def read_only(self: Path, *args: object, **kwargs: object) -> None:
        raise OSError(30, "Read-only file system")

    proc = hierarchy(tmp_path)
    monkeypatch.setattr(Path, "mkdir", read_only)
    with pytest.raises(cgroups.NoGroup, match="Read-only"):
        cgroups.make(1, proc)


def test_a_group_whose_limit_is_refused_is_an_error_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    proc = hierarchy(tmp_path)
    write = Path.write_text

    def refuse(self: Path, text: str, *args: object, **kwargs: object) -> int:
        if self.name == "memory.max":
            raise OSError(22, "Invalid argument")
        return write(self, text)

    monkeypatch.setattr(Path, "write_text", refuse)
    with pytest.raises(cgroups.NoGroup, match="limits not set"):
        cgroups.make(1, proc)
    assert not [path for path in (tmp_path / "groups").iterdir() if path.name.startswith("grader-")]


def test_a_group_is_removed_when_its_processes_are_gone(tmp_path: Path) -> None:
    folder = tmp_path / "group"
    folder.mkdir()
    cgroups.Group(folder).remove()
    assert not folder.exists()
    cgroups.Group(folder).remove()  # a second time does nothing
