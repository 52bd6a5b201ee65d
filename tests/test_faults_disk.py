"""Disks that are full, folders that take nothing, and things in the place of a results file."""

from __future__ import annotations

import json
import os
import resource
import signal
import stat
from collections.abc import Iterator
from pathlib import Path

import faults
import pytest
import support
from test_results import SHOWN, case, store_of

from grader.artifacts import Artifacts
from grader.pictures import Curves
from grader.results import files

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

OLD = "an earlier run's result"


# -- in place of a results file


@pytest.mark.parametrize("linked", [False, True])
def test_a_device_or_a_pipe_is_not_replaced_by_a_file(tmp_path: Path, linked: bool) -> None:
    """Root could: --results /dev/null would take /dev/null from every program of the machine."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    if linked:
        path = tmp_path / "link"
        path.symlink_to("pipe")
    store = store_of(path)
    store.add(case(SHOWN))
    assert store.unwritten == {path: "a device or a pipe lies there"}
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
    assert path.is_symlink() is linked


def test_a_link_is_replaced_and_what_it_names_is_left_alone(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("somebody's")
    path = tmp_path / "results.json"
    path.symlink_to(other)
    store = store_of(path)
    assert store.unwritten == {}
    assert not path.is_symlink()
    assert other.read_text() == "somebody's"


SWAPS = """
import os, pathlib
def pytest_runtest_logfinish(nodeid):
    here = pathlib.Path(os.environ["HOME_OF_TEST"])
    if nodeid.endswith("test_half_of_random_numbers"):
        (here / "results.json").unlink()
        (here / "results.json").mkdir()
        (here / "gradescope.json").unlink()
        (here / "gradescope.json").symlink_to(here / "other")
"""


def test_what_takes_a_results_files_place_while_the_run_goes_on(tmp_path: Path) -> None:
    (tmp_path / "other").write_text("somebody's")
    run = faults.grade(tmp_path, plugin=SWAPS, extra={"HOME_OF_TEST": str(tmp_path)}, read=False)
    assert run.status == support.GRADER_ERROR, run.said
    assert "100 / 100" in run.out
    assert "results.json is not up to date: Is a directory" in " ".join(run.out.split())
    assert support.read_gradescope(tmp_path / "gradescope.json")["score"] == 100
    assert not (tmp_path / "gradescope.json").is_symlink()
    assert (tmp_path / "other").read_text() == "somebody's"


# -- folders


def test_a_run_by_a_user_who_may_write_next_to_nothing(tmp_path: Path) -> None:
    """Results into a read-only folder and into one that is made; the course is read-only as well."""
    for name, mode in (("closed", 0o555), ("open", 0o777), ("tmp", 0o777)):
        (tmp_path / name).mkdir()
        (tmp_path / name).chmod(mode)
    (tmp_path / "closed" / "results.json").write_text(OLD)
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(folder.stat().st_mode | 0o555)
    place = faults.course(tmp_path / "course")
    for path in (place, *place.rglob("*")):
        path.chmod(path.stat().st_mode & ~0o222)
    made = tmp_path / "open" / "made" / "here" / "gradescope.json"
    run = faults.grade(
        tmp_path,
        "--results",
        tmp_path / "closed" / "results.json",
        "--gradescope",
        made,
        *("--isolation", "process"),
        wrap=faults.ordinary,
        cwd=tmp_path / "open",
    )
    for path in (place, *place.rglob("*")):
        path.chmod(path.stat().st_mode | 0o200)
    assert run.status == support.GRADER_ERROR, run.said
    assert "100 / 100" in run.out, run.said
    assert "closed/results.json is not up to date: Permission denied" in " ".join(run.out.split())
    assert support.read_gradescope(made)["score"] == 100
    assert support.litter(run.own) == []
    assert support.left_behind(run.own) == []


# -- no room


@pytest.fixture
def file_limit() -> Iterator[None]:
    """No file may grow over 1,000 bytes: the same as a disk that is full, by another error number."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, handler)


def test_an_old_result_does_not_stay_where_the_new_one_finds_no_room(
    tmp_path: Path, file_limit: None
) -> None:
    path, device = tmp_path / "results.json", tmp_path / "pipe"
    path.write_text(OLD)
    os.mkfifo(device)
    store = store_of(path, device)
    assert set(store.unwritten) == {path, device}
    assert not path.exists()
    assert stat.S_ISFIFO(device.stat().st_mode)
    assert os.listdir(tmp_path) == ["pipe"]


def test_what_is_discarded_is_a_file_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("")
    (tmp_path / "link").symlink_to("file")
    for name in ("folder", "link", "nothing"):
        files.discard(tmp_path / name)
    assert sorted(os.listdir(tmp_path)) == ["file", "folder", "link"]
    files.discard(tmp_path / "file")
    assert sorted(os.listdir(tmp_path)) == ["folder", "link"]


def test_a_picture_that_finds_no_room_is_said_and_leaves_no_part(tmp_path: Path, file_limit: None) -> None:
    drawn = Artifacts(tmp_path / "pictures", "q1.test")
    drawn.add(Curves("loss", "Loss", {"train": [3.0, 2.0, 1.0]}))
    assert [(file.title, file.drawn) for file in drawn.files] == [("Loss (not drawn: OSError)", False)]
    assert os.listdir(tmp_path / "pictures") == []


def test_a_full_disk_from_the_first_second(tmp_path: Path) -> None:
    """The results' disk takes one file more or none; the run's own is another."""
    full = tmp_path / "full"
    with faults.small_disk(full, 12 << 10) as wrap:
        (full / "results.json").write_text(OLD)
        (full / "ballast").write_bytes(bytes(8 << 10))
        options = ("--results", full / "results.json", "--gradescope", full / "gradescope.json")
        run = faults.grade(tmp_path, *options, wrap=wrap)
        left = {path.name for path in full.iterdir()}
        states = [json.loads(path.read_bytes()) for path in full.glob("*.json")]
    assert "100 / 100" in run.out, run.said
    assert "is not up to date" in " ".join(run.out.split())
    assert run.status == support.GRADER_ERROR
    assert left <= {"results.json", "gradescope.json", "ballast"}
    for found in states:  # what there was room for is whole, and no end of a run
        assert found.get("state", found.get("extra_data", {}).get("state")) != "finished"


NO_SCRATCH = """
import errno, os, tempfile
make = tempfile.mkdtemp
def full(*arguments, **more):
    if "scratch" in str(more.get("prefix", arguments)):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    return make(*arguments, **more)
tempfile.mkdtemp = full
"""


def test_no_room_for_a_workers_folder_is_the_graders_error(tmp_path: Path) -> None:
    run = faults.grade(tmp_path, plugin=NO_SCRATCH)
    assert faults.outcomes(run.results) == faults.BROKEN
    assert (run.status, run.results["complete"]) == (support.GRADER_ERROR, False)
    assert "No space left on device" in run.out
    assert support.litter(run.own) == []
