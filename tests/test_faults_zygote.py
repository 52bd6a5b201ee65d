"""A zygote that is killed, for want of memory perhaps, is started again once; whose code ran then is not to
blame."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import faults
import psutil
import pytest
import support
from processes import SECONDS, Served, alive, gone

from grader.faults import GraderFault
from grader.launch import Plan, Zygote

pytestmark = [pytest.mark.timeout(300), pytest.mark.slow]

CODE = "import os, time\ndef pid(): return os.getpid()\ndef wait(): time.sleep(1000)\n"


@pytest.fixture
def own(tmp_path: Path) -> Iterator[tuple[Zygote, Plan]]:
    """A zygote that the test may harm, and what its workers are to be."""
    launcher = Zygote(tmp_path)
    home = tmp_path / "code"
    home.mkdir()
    (home / "m.py").write_text(CODE)
    yield launcher, Plan(home, {"m": "m.py"}, {}, 1)
    launcher.close()


def kill(launcher: Zygote) -> None:
    launcher.process.kill()
    launcher.process.wait(SECONDS)


@pytest.mark.parametrize("when", ["importing", "idle"])
def test_a_zygote_that_was_killed_is_started_again_once(own: tuple[Zygote, Plan], when: str) -> None:
    launcher, plan = own
    if when == "idle":
        launcher.wait_ready()
    kill(launcher)
    assert isinstance(Served(launcher.start(plan)).pid(), int)
    assert isinstance(Served(launcher.start(replace(plan, by_hand=True))).pid(), int)
    kill(launcher)
    started = time.monotonic()
    for _ in range(3):
        with pytest.raises(GraderFault, match="zygote does not answer"):
            launcher.start(plan)
    assert time.monotonic() - started < SECONDS


def test_a_worker_that_went_with_its_zygote_is_not_to_blame(own: tuple[Zygote, Plan]) -> None:
    launcher, plan = own
    served = Served(launcher.start(plan))
    pid = served.pid()
    kill(launcher)
    assert gone([pid])
    with pytest.raises(GraderFault, match="zygote was killed"):
        served.reply("pid")
    assert Served(launcher.start(plan)).pid() != pid


def test_a_killed_zygote_of_the_questions_by_hand_is_replaced_without_the_other(
    own: tuple[Zygote, Plan],
) -> None:
    launcher, plan = own
    by_hand = replace(plan, by_hand=True)
    served = Served(launcher.start(by_hand))
    bystander = Served(launcher.start(plan))
    latched = psutil.Process(served.worker.root).parent()
    assert latched is not None
    assert latched.pid != launcher.process.pid
    latched.kill()
    assert isinstance(Served(launcher.start(by_hand)).pid(), int)
    assert isinstance(bystander.pid(), int)
    assert alive(launcher.process.pid)


def test_a_zygote_that_cannot_come_up_is_waited_for_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    launcher = Zygote(tmp_path)

    def hanging(control: object) -> None:
        waits.append(1.0)
        raise GraderFault("the zygote did not start: TimeoutError")

    monkeypatch.setattr(launcher, "_expect_ready", hanging)
    for _ in range(3):
        with pytest.raises(GraderFault, match="TimeoutError"):
            launcher.start(Plan(tmp_path, {}, {}, 1))
    assert len(waits) == 1
    launcher.close()


# -- in a run

KILLS = """
import os, psutil, pytest
import grader.connection as connection

times = int(os.environ["TIMES"])
ask = connection.Worker.request
calls = 0

def request(self, message, buffers, allowance):
    global calls, times
    calls += type(message).__name__ == "Call"
    if calls >= 5 and times:
        times -= 1
        calls = 0
        zygote = next(each for each in psutil.Process().children() if "zygote.py" in " ".join(each.cmdline()))
        zygote.kill()
        psutil.wait_procs([psutil.Process(self.root)], 20)
    return ask(self, message, buffers, allowance)

connection.Worker.request = request
"""


@pytest.mark.parametrize("times", [1, 2])
def test_a_zygote_that_is_killed_in_the_middle_of_a_test(tmp_path: Path, times: int) -> None:
    run = faults.grade(tmp_path, plugin=KILLS, extra={"TIMES": str(times)})
    assert run.status == support.GRADER_ERROR
    hit = ["test_half_of_random_numbers", "test_mean_of_random_lists"]
    said = faults.outcomes(run.results)
    if times == 1:
        assert said == {**faults.FINE, hit[0]: "grader_error"}, run.said
        assert run.results["score"] == 50
    else:
        assert said == faults.BROKEN, run.said
        assert run.results["score"] == 0
    assert (run.results["state"], run.results["complete"]) == ("finished", False)
    assert support.left_behind(run.own) == []
    assert support.litter(run.own) == []
