"""A class goes on where it was, whoever is killed: client, worker, scheduler, or a process that grades.

Gradings here take a moment and write into a journal that they were made (:mod:`killed`); all else is as
it is.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import killed
import psutil
import pytest
import support
from processes import SECONDS, gone

from grader.gradebook.store import FILE_NAME, Gradebook

WHOLE = killed.SUBMISSIONS * len(killed.ASSIGNMENTS)
MOST = 12  # gradings from one kill to the next; a moment of chance comes on top
MOMENT = 2 * killed.SECONDS
ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": f"{support.TESTS}{os.pathsep}{support.TESTS.parent}",
    "DASK_DISTRIBUTED__LOGGING__DISTRIBUTED": "critical",
}

Kept = dict[tuple[str, str], tuple[object, ...]]


class Class:
    """A gradebook that runs are made into, and what was seen in it after each of them."""

    def __init__(self, folder: Path, scheduler: str = "") -> None:
        folder.mkdir()
        self.folder = folder
        self.scheduler = scheduler
        self.kept: Kept = {}
        self.journal_lines = 0

    def start(self) -> subprocess.Popen[str]:
        """A client, once it is connected."""
        (self.folder / "up").unlink(missing_ok=True)
        client = subprocess.Popen(
            [sys.executable, "-B", killed.__file__, str(self.folder), *filter(None, [self.scheduler])],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=ENVIRONMENT,
        )
        until(lambda: (self.folder / "up").exists() or client.poll() is not None)
        return client

    def grading_processes(self) -> list[int]:
        return [
            int(path.name.removeprefix(killed.PROCESS)) for path in self.folder.glob(f"{killed.PROCESS}*")
        ]

    def made(self) -> int:
        """How many gradings were made by now."""
        journal = self.folder / killed.JOURNAL
        return journal.read_bytes().count(b"\n") if journal.exists() else 0

    def look(self, told: str) -> None:
        """See that nothing is lost, nothing was made twice, and nothing is half there.

        :param told: what the client said until its end.
        """
        now = self._rows()
        assert now.items() >= self.kept.items(), "a grading that was kept is gone, or another one"
        path = self.folder / killed.JOURNAL
        journal = path.read_text().splitlines() if path.exists() else []
        made = [tuple(line.split()[:2]) for line in journal[self.journal_lines :]]
        assert not set(made) & set(self.kept), "what was in the book was graded again"
        said = [int(line.split()[0]) for line in told.splitlines()]
        assert len(now) >= max(said, default=0), "more was told than is in the book"
        self.kept, self.journal_lines = now, len(journal)

    def _rows(self) -> Kept:
        if not (self.folder / FILE_NAME).exists():
            return {}
        with Gradebook(
            self.folder, create=True
        ) as book:  # killed before its tables were there: they are made
            names = {each.key: each.pseudonym for each in book.submissions()}
            gradings = list(book.gradings())
            for grading in gradings:
                assert grading.result is not None
                assert grading.result.problems == [names[grading.submission]]
                assert book.pictures(grading.id) == {f"{grading.assignment}/a.png": killed.PICTURE}
                assert grading.attempt == 1
            ofrun = [grading for run in book.runs() for grading in book.gradings(run)]
            assert {each.id for each in ofrun} == {each.id for each in gradings}
        with closing(sqlite3.connect(self.folder / FILE_NAME)) as file:
            assert file.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert file.execute("PRAGMA foreign_key_check").fetchall() == []
        found = {
            (names[each.submission], each.assignment): (each.id, each.ended, each.result) for each in gradings
        }
        assert len(found) == len(gradings)
        return found

    @property
    def whole(self) -> bool:
        return len(self.kept) == WHOLE


class Cluster:
    """A scheduler and two workers, each with a nanny that starts it again; a context that ends them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.address = ""
        self._processes: list[psutil.Popen] = []

    def __enter__(self) -> Cluster:
        return self

    def __exit__(self, *_: object) -> None:
        everybody = [*self._processes, *(child for each in self._processes for child in _below(each))]
        for process in everybody:
            with_suppress(process.kill)
        psutil.wait_procs(everybody, timeout=SECONDS)
        self._processes.clear()

    def up(self) -> None:
        """Start what is not there."""
        if self._processes and all(each.poll() is None for each in self._processes):
            return
        self.__exit__()
        file = self.folder / "scheduler.json"
        file.unlink(missing_ok=True)
        quiet = {
            "stdout": subprocess.DEVNULL,
            "stderr": subprocess.DEVNULL,
            "env": ENVIRONMENT,
            "cwd": self.folder,
        }
        dask = [sys.executable, "-B", "-m", "dask"]
        scheduler = [*dask, "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard"]
        scheduler += ["--dashboard-address", "127.0.0.1:0", "--scheduler-file", str(file)]
        self._processes.append(psutil.Popen(scheduler, **quiet))
        until(file.exists)
        worker = [*dask, "worker", "--scheduler-file", str(file), "--nworkers", "2", "--nthreads", "1"]
        worker += ["--preload", "killed", "--no-dashboard", "--dashboard-address", "127.0.0.1:0"]
        worker += ["--memory-limit", "0"]
        self._processes.append(psutil.Popen(worker, **quiet))
        self.address = f"{json.loads(file.read_text())['address']}"

    def scheduler(self) -> list[int]:
        return [self._processes[0].pid]

    def workers(self) -> list[int]:
        return [
            child.pid for child in self._processes[1].children() if "spawn_main" in " ".join(_command(child))
        ]


def _below(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.NoSuchProcess:
        return []


def with_suppress(act: Callable[[], object]) -> None:
    """Do what may have no object any more."""
    try:
        act()
    except psutil.NoSuchProcess:
        return


def until(true: Callable[[], bool]) -> None:
    stop = time.monotonic() + SECONDS
    while not true():
        assert time.monotonic() < stop, "it took too long"
        time.sleep(0.005)


def alive(pids: list[int]) -> list[int]:
    return [pid for pid in pids if psutil.pid_exists(pid)]


def ended(client: subprocess.Popen[str]) -> tuple[str, str]:
    """What a client said, once it has ended."""
    return client.communicate(timeout=SECONDS)


def kill_and_go_on(draw: random.Random, one: Class, victims: dict[str, Callable[[], list[int]]]) -> list[str]:
    """One client, and somebody killed at a random moment, until the client ends; who was killed."""
    client = one.start()
    gone_by = []
    while client.poll() is None:
        aim = one.made() + draw.randint(0, MOST)
        until(lambda aim=aim: one.made() >= aim or client.poll() is not None)
        time.sleep(draw.uniform(0, MOMENT))
        kind = draw.choice([*victims, "client"])
        pids = [client.pid] if kind == "client" else alive(victims[kind]())
        if client.poll() is not None or not pids:
            continue
        os.kill(draw.choice(pids), signal.SIGKILL)
        gone_by.append(kind)
        if kind in ("client", "scheduler"):
            break
    told, error = ended(client)
    if "client" not in gone_by and "scheduler" not in gone_by:
        assert client.returncode == 0, error
    elif "scheduler" in gone_by and client.returncode:
        assert "fault: the Dask scheduler is gone" in error
    one.look(told)
    if not one.scheduler:
        assert gone(one.grading_processes()), "a process that grades outlives its client"
    return gone_by


def on_our_own_cluster(folder: Path, kills: int, seed: int) -> dict[str, int]:
    draw, counted, number = random.Random(seed), dict[str, int](), 0
    while sum(counted.values()) < kills:
        one = Class(folder / f"class-{number}")
        number += 1
        while not one.whole:
            victims = {"process": one.grading_processes}
            for kind in kill_and_go_on(draw, one, victims):
                counted[kind] = counted.get(kind, 0) + 1
    return counted


def on_a_running_cluster(folder: Path, kills: int, seed: int) -> dict[str, int]:
    draw, counted, number = random.Random(seed), dict[str, int](), 0
    with Cluster(folder) as cluster:
        while sum(counted.values()) < kills:
            cluster.up()
            one = Class(folder / f"class-{number}", cluster.address)
            number += 1
            while not one.whole:
                cluster.up()
                one.scheduler = cluster.address
                victims = {
                    "process": one.grading_processes,
                    "worker": cluster.workers,
                    "scheduler": cluster.scheduler,
                }
                for kind in kill_and_go_on(draw, one, victims):
                    counted[kind] = counted.get(kind, 0) + 1
    return counted


@pytest.mark.timeout(300)
def test_some_kills_lose_nothing(tmp_path: Path) -> None:
    counted = on_our_own_cluster(tmp_path, kills=4, seed=1)
    assert sum(counted.values()) >= 4


@pytest.mark.slow
@pytest.mark.timeout(3000)
def test_a_hundred_kills_lose_nothing(tmp_path: Path) -> None:
    ours, running = tmp_path / "ours", tmp_path / "running"
    ours.mkdir()
    running.mkdir()
    counted = on_our_own_cluster(ours, kills=50, seed=2)
    counted_there = on_a_running_cluster(running, kills=50, seed=3)
    print(counted, counted_there)
    assert sum(counted.values()) + sum(counted_there.values()) >= 100
    assert {"client", "process"} <= counted.keys()
    assert {"client", "process", "worker", "scheduler"} <= counted_there.keys()
