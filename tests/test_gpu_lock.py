"""One run at a time on a device, and a run that is killed gives it back."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from grader import gpu_lock
from grader.faults import NotRunHere

pytestmark = pytest.mark.timeout(60)  # a process of its own imports the engine

HOLDER = """
import sys
from pathlib import Path
from grader import gpu_lock
with gpu_lock.held("GPU-1", Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path: Path):
    """Another process that has the lock."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[1],
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_another_run_waits_and_is_told(holder, tmp_path: Path) -> None:
    with pytest.raises(NotRunHere, match=r"another run has had the GPU for 0\.1 s"):
        gpu_lock.held("GPU-1", tmp_path, 0.1).__enter__()
    with gpu_lock.held("GPU-2", tmp_path, 0.1):
        pass  # another device is free


def test_a_run_that_was_killed_gives_it_back(holder, tmp_path: Path) -> None:
    holder.send_signal(signal.SIGKILL)
    holder.wait(30)
    with gpu_lock.held("GPU-1", tmp_path, 0.1):
        pass


def test_the_next_test_of_a_run_takes_it_again(tmp_path: Path) -> None:
    for _ in range(2):
        with gpu_lock.held("GPU-1", tmp_path, 0.1):
            pass


def test_a_name_cannot_leave_the_folder(tmp_path: Path) -> None:
    with gpu_lock.held("../../GPU", tmp_path, 0.1):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["grader-______GPU.lock"]


def test_a_place_that_takes_no_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(NotRunHere, match="the GPU cannot be locked"):
        gpu_lock.held("GPU-1", tmp_path / "file", 0.1).__enter__()


def test_runs_with_folders_of_their_own_share_the_lock(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    here = gpu_lock.folder()
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    assert gpu_lock.folder() == here
