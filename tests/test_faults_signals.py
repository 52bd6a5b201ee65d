"""A run that is told to end by its platform says so in its results, and clears what it started."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import faults
import pytest
import support

pytestmark = [pytest.mark.timeout(300), pytest.mark.slow]

SLOW = "\nimport time\ntime.sleep(1.0)\n"


@pytest.mark.parametrize("nodes", [(), ("-n", "2")], ids=["alone", "nodes"])
def test_a_platforms_time_out_reaches_the_whole_group(tmp_path: Path, nodes: tuple[str, ...]) -> None:
    """SIGTERM to every process of the group; SIGKILL would follow ten seconds later."""
    place = faults.course(tmp_path / "course")
    slow = faults.submission(tmp_path / "slow", more=SLOW)
    own, results = tmp_path / "tmp", tmp_path / "results.json"
    own.mkdir()
    line = support.command(place / "assignments/q1", *support.WITHOUT, "--results", results, *nodes)
    with subprocess.Popen(
        [*line, "--submission", str(slow)],
        env=support.environment(own),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as run:
        try:
            while "passed" not in (results.read_text() if results.exists() else ""):
                assert run.poll() is None, "the run ended too soon"
                time.sleep(0.02)
            os.killpg(run.pid, signal.SIGTERM)
            assert run.wait(60) == 128 + signal.SIGTERM
        finally:
            if run.poll() is None:
                os.killpg(run.pid, signal.SIGKILL)
    found = support.read_results(results)
    faults.check(results)
    assert (found["state"], found["complete"]) == ("stopped", False)
    assert 0 < found["score"] < 100
    faults.none_left(own)
    assert support.litter(own) == []
