"""What a worker on a GPU finds around it, with another device's node in the place of a card's.

No GPU is needed for it: /dev/tty, which every machine has, stands for /dev/nvidia0.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from processes import Served, serving

from grader.launch import Allowance, Zygote
from grader.worker import messages, nodes, sandbox

pytestmark = pytest.mark.timeout(120)  # a zygote of its own comes up

ROOT = Path(__file__).parents[1]
NODE = "/dev/tty"
UUID = "GPU-00000000-1111"
CODE = """
import os, resource, threading
import torch

def environment():
    return dict(os.environ)

def limits():
    names = ("RLIMIT_DATA", "RLIMIT_MEMLOCK", "RLIMIT_CPU", "RLIMIT_NOFILE", "RLIMIT_NPROC")
    return {name: resource.getrlimit(getattr(resource, name))[0] for name in names}

def node(path):
    return os.stat(path).st_rdev if os.path.exists(path) else None

def opened(path):
    try:
        os.close(os.open(path, os.O_RDWR | os.O_NOCTTY))
    except OSError as error:
        return error.errno
    return 0

def threads():
    return torch.get_num_threads()

def tried():
    from grader.worker import device
    return device.tried()
"""


@pytest.fixture(scope="module")
def zygote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Zygote]:
    launcher = Zygote(tmp_path_factory.mktemp("gpu"), sandbox=True, devices=[NODE])
    launcher.wait_ready()
    yield launcher
    launcher.close()


@pytest.fixture
def served(zygote: Zygote, tmp_path: Path) -> Iterator[dict[str, Served]]:
    """A confined worker with a GPU and one without."""
    starting = serving(zygote, tmp_path)
    serve = next(starting)
    yield {
        "gpu": serve(CODE, confined=True, device=UUID, memory_bytes=4 << 30),
        "cpu": serve(CODE, confined=True),
    }
    next(starting, None)


def test_one_device_is_visible_and_to_others_none(served: dict[str, Served]) -> None:
    assert served["gpu"].environment()["CUDA_VISIBLE_DEVICES"] == UUID
    assert served["cpu"].environment()["CUDA_VISIBLE_DEVICES"] == ""
    assert set(served["gpu"].environment()) - set(served["cpu"].environment()) == {
        "TORCHINDUCTOR_COMPILE_THREADS"
    }


def test_the_driver_may_map_what_it_likes(served: dict[str, Served]) -> None:
    limits, usual = served["gpu"].limits(), served["cpu"].limits()
    assert limits["RLIMIT_DATA"] == resource.getrlimit(resource.RLIMIT_DATA)[0]
    assert limits["RLIMIT_MEMLOCK"] == resource.getrlimit(resource.RLIMIT_MEMLOCK)[0]
    assert usual["RLIMIT_DATA"] == 1 << 30
    assert usual["RLIMIT_MEMLOCK"] == 0
    for name in ("RLIMIT_CPU", "RLIMIT_NOFILE", "RLIMIT_NPROC"):
        assert limits[name] > usual[name], name


def test_several_threads_feed_a_device(served: dict[str, Served]) -> None:
    assert (served["gpu"].threads(), served["cpu"].threads()) == (sandbox.THREADS_ON_GPU, 1)


def test_the_nodes_are_there_for_a_worker_on_a_gpu_alone(zygote: Zygote, served: dict[str, Served]) -> None:
    if "own-root" not in zygote.offer.layers:  # then Landlock tells them apart, see below
        return
    own = os.stat(NODE).st_rdev
    assert served["gpu"].node(NODE) == own
    assert served["cpu"].node(NODE) == os.stat("/dev/null").st_rdev != own


def test_the_node_is_not_refused_to_a_worker_on_a_gpu(served: dict[str, Served]) -> None:
    # A terminal that nobody has is not there to be opened (ENXIO); Landlock would refuse it (EACCES).
    assert served["gpu"].opened(NODE) in (0, 6)


def test_without_a_gpu_in_the_run_no_node_is_there(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    launcher = Zygote(tmp_path / "run", sandbox=True)
    starting = serving(launcher, tmp_path)
    try:
        served = next(starting)(CODE, confined=True)
        if "own-root" in launcher.offer.layers:
            assert served.node(NODE) is None
        next(starting, None)
    finally:
        launcher.close()


def test_both_are_confined_by_the_same_layers(served: dict[str, Served]) -> None:
    assert served["gpu"].worker.layers == served["cpu"].worker.layers
    assert "rlimits" in served["gpu"].worker.layers


def test_the_start_of_cuda_is_on_nobodys_account() -> None:
    short = Allowance(20.0, 80.0, spent=3.0, started=5.0)
    more = short.and_more(60.0)
    assert (more.cpu_seconds, more.wall_seconds, more.spent, more.started) == (80.0, 320.0, 3.0, 5.0)
    assert Allowance().and_more(60.0).cpu_seconds is None


def test_what_keeps_torch_from_a_device_is_told(served: dict[str, Served]) -> None:
    why, name, memory = served["gpu"].ask(messages.TryDevice(1))
    assert why.startswith("torch "), why
    assert (name, memory) == ("", 0)


ASKS = """
import torch
asked = []
answers = {"is_available": False, "device_count": 0, "init": None, "_lazy_init": None, "current_device": 0,
           "get_device_properties": None, "get_device_capability": (0, 0)}
for name, value in answers.items():
    setattr(torch.cuda, name, lambda *args, _name=name, _value=value, **more: asked.append(_name) or _value)
import torch._dynamo
from grader.worker import guard, latch, pages, recorder, sandbox, serve, wire
print(asked)
"""


def test_nothing_that_the_zygote_imports_asks_for_a_device() -> None:
    done = subprocess.run(
        [sys.executable, "-c", ASKS], cwd=ROOT, capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout.strip() == "[]"


def test_what_asks_all_the_same_does_not_initialise_cuda(
    zygote: Zygote, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LD_LIBRARY_PATH", "/usr/local/nvidia/lib64")
    assert zygote._for_gpu() == {
        "PYTORCH_NVML_BASED_CUDA_CHECK": "1",
        "LD_LIBRARY_PATH": "/usr/local/nvidia/lib64",
    }
    monkeypatch.setattr(zygote, "_devices", [])
    assert zygote._for_gpu() == {}


def test_only_nodes_of_the_driver_are_handed_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("nvidia0", "nvidia11", "nvidiactl", "nvidia-uvm", "nvidia-caps", "null"):
        (tmp_path / name).touch()
    monkeypatch.setattr(nodes, "NODES", [f"{tmp_path}/nvidiactl", f"{tmp_path}/nvidia-uvm", f"{tmp_path}/no"])
    monkeypatch.setattr(nodes, "NUMBERED", f"{tmp_path}/nvidia[0-9]*")
    found = [Path(path).name for path in nodes.nodes()]
    assert found == ["nvidia-uvm", "nvidia0", "nvidia11", "nvidiactl"]
    assert nodes.names(["/dev/nvidia0", "/dev/nvidia-caps/nvidia-cap1", "/etc/passwd"]) == ["nvidia0"]
