"""A pool of grading processes: results as they come, faults that are a job's own, and nothing left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pooled
import pytest
import support
from processes import SECONDS, gone

from grader.config import Course
from grader.faults import GraderFault
from grader.pool import AHEAD, Done, Pool

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    """Two processes that grade nothing: a zygote is started by the first grading only."""
    with Pool(Course(support.COURSE), 2) as one:
        yield one


def test_every_job_comes_back_with_its_result(pool: Pool) -> None:
    done = list(pool.map(pooled.answer, range(20)))
    assert sorted(each.job for each in done) == list(range(20))
    assert all(each.result is not None and each.result[0] == each.job**2 for each in done)
    assert os.getpid() not in {each.result[1] for each in done if each.result}
    assert list(pool.map(pooled.answer, [])) == []


def test_a_job_may_be_anything(pool: Pool) -> None:
    """None among them, which is no end."""
    done = list(pool.map(pooled.fault, [1, None, 3]))  # type: ignore[list-item]
    assert {each.job for each in done} == {1, None, 3}


def test_results_come_as_they_are_there(pool: Pool, tmp_path: Path) -> None:
    """The first job waits for what is made only once the second has come back."""
    late = tmp_path / "late"
    coming = pool.map(pooled.wait_for, [late, tmp_path])
    assert next(coming).result == tmp_path.name
    late.touch()
    assert next(coming).result == "late"
    assert list(coming) == []


def test_jobs_are_taken_as_there_is_room_for_them(pool: Pool) -> None:
    taken: list[int] = []

    def endless() -> Iterator[int]:
        while True:
            taken.append(len(taken))
            yield taken[-1]

    coming = pool.map(pooled.answer, endless())
    for _ in range(3):
        next(coming)
    coming.close()  # type: ignore[attr-defined]
    assert len(taken) <= (AHEAD + 3) * pool.processes


def test_a_graders_fault_is_the_jobs_own(pool: Pool) -> None:
    done = {each.job: each for each in pool.map(pooled.fault, range(4))}
    assert done[2] == Done(2, None, "this one has no result")
    assert [done[job].result for job in (0, 1, 3)] == [0, 1, 3]


def test_any_other_error_ends_the_run(pool: Pool) -> None:
    with pytest.raises(ValueError, match="a mistake in the job's own code"):
        list(pool.map(pooled.fault, [5]))
    assert [each.result for each in pool.map(pooled.fault, [1])] == [1]


def test_a_killed_process_ends_the_run_in_words_and_the_others_with_it(tmp_path: Path) -> None:
    meeting = tmp_path / "meeting"
    meeting.mkdir()
    with Pool(Course(support.COURSE), 2) as broken:
        with pytest.raises(GraderFault, match="a process that grades was killed"):
            list(broken.map(pooled.die, [meeting, meeting]))
        with pytest.raises(GraderFault, match="a process that grades was killed"):
            list(broken.map(pooled.answer, [1]))
        folder = broken.folder
    pids = [int(path.name) for path in meeting.iterdir() if path.name != "first"]
    assert len(pids) == 2
    assert gone(pids)
    assert not folder.exists()


def test_leaving_early_waits_for_no_job(tmp_path: Path) -> None:
    """One that would never end is under way."""
    with Pool(Course(support.COURSE), 1) as left:
        coming = left.map(pooled.wait_for, [tmp_path, tmp_path / "never", tmp_path / "never"])
        assert next(coming).result == tmp_path.name
        pids = [process.pid for process in left._context.started if process.pid]
        folder = left.folder
    assert len(pids) == 1
    assert gone(pids)
    assert not folder.exists()


# -- with gradings under way


def started(kind: str, own: Path, *jobs: Path) -> subprocess.Popen[str]:
    """A run on two processes, in a session of its own as a terminal gives it; its first job is done."""
    own.mkdir()
    line = [sys.executable, str(support.TESTS / "pooled.py"), kind, *map(str, jobs)]
    run = subprocess.Popen(
        line,
        env=support.environment(own, {"PYTHONPATH": str(support.TESTS)}),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        encoding="utf-8",
        start_new_session=True,
        preexec_fn=support.heed_signals,
    )
    assert run.stdout is not None
    assert run.stdout.readline().strip()
    return run


def nothing_left(own: Path) -> bool:
    """Whether the processes of a run and its files go within some time."""
    stop = time.monotonic() + SECONDS
    while support.left_behind(own) or support.litter(own):
        if time.monotonic() > stop:
            return False
        time.sleep(0.05)
    return True


HOW = ("interrupt", "terminate", "kill")


@pytest.mark.parametrize(
    ("kind", "how"),
    [("wait", how) for how in HOW] + [pytest.param("grade", how, marks=pytest.mark.slow) for how in HOW],
)
def test_a_run_that_is_broken_off_leaves_nothing(tmp_path: Path, kind: str, how: str) -> None:
    """By Ctrl-C, which all its processes hear; by a signal to it alone; killed, without a last word.

    Where they grade, there are zygotes besides, and a worker that sleeps.
    """
    course = support.copy_course(tmp_path / "course")
    if kind == "grade":
        jobs = [support.submit(tmp_path / "hanging", {"last.py": pooled.HANGING})] * 4
        jobs = [support.submit(tmp_path / "right"), *jobs]
    else:
        jobs = [course, *[tmp_path / "never"] * 4]
    own = tmp_path / "own"
    run = started(kind, own, course, *jobs)
    try:
        if how == "interrupt":
            os.killpg(run.pid, signal.SIGINT)
        else:
            run.send_signal(signal.SIGTERM if how == "terminate" else signal.SIGKILL)
        assert run.wait(SECONDS) != 0
        assert nothing_left(own), (support.left_behind(own), support.litter(own))
    finally:
        run.kill()
        run.communicate()


@pytest.mark.slow
def test_many_submissions_are_graded_as_each_alone(tmp_path: Path) -> None:
    course = support.copy_course(tmp_path / "course")
    quarter = {"half.py": "def half(x: float) -> float:\n    return x / 4\n"}
    jobs = [support.submit(tmp_path / str(number), quarter if number % 2 else None) for number in range(8)]
    with Pool(Course(course), 2) as pool:
        done = {each.job: each for each in pool.map(pooled.grade, jobs)}
    assert [done[job].fault for job in jobs] == [""] * 8
    assert [done[job].result for job in jobs] == [100, 80] * 4  # half is a fifth
