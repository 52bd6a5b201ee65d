"""What a confined worker sees and cannot do, on each kind of machine that graders run on.

One run of ``confined.py`` in each stage; everything that is promised is compared with what it found.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
import staged

from grader.worker import sandbox

pytestmark = pytest.mark.timeout(300)

APART = ["namespaces", "own-root", "proc"]
OFFERED = {
    "root": [*APART, "uid", "landlock", "seccomp"],
    "root without CAP_SYS_ADMIN": [*APART, "uid", "landlock", "seccomp"],
    "container": ["uid", "landlock", "seccomp"],
    "container with a closed home": ["landlock", "seccomp"],
    "container on an old kernel": ["uid", "seccomp"],
    "user": [*APART, "landlock", "seccomp"],
    "user on an old kernel": [*APART, "seccomp"],
    "user without namespaces": ["landlock", "seccomp"],
}
# Why a stage's set is not strong: where everybody may read the hidden tests, and where one user may.
WEAK = {
    "container with a closed home": ("no namespaces (", "no namespaces ("),
    "container on an old kernel": ("a worker can open ", None),
    "user without namespaces": ("no namespaces (", "no namespaces ("),
}
NO_CAPABILITIES = dict.fromkeys(("CapEff", "CapPrm", "CapInh", "CapBnd", "CapAmb"), "0" * 16)
FOUND = {"done", "EINVAL"}  # nothing stood in the way


def check_offer(stage: str, said: dict[str, Any]) -> None:
    offer = said["offer"]
    assert offer["layers"] == OFFERED[stage]
    # "proc" is part of a root of one's own, which "namespaces" stands for.
    offered = [layer.name for layer in sandbox.LAYERS if layer.where == "offered"]
    missing = [name for name in offered if name not in [*offer["layers"], "own-root", "proc"]]
    assert sorted(offer["missing"]) == sorted(missing)
    assert all(offer["missing"].values())
    expected = [
        layer.name for layer in sandbox.LAYERS if layer.where != "offered" or layer.name in offer["layers"]
    ]
    assert [name for name in said["layers"] if name != "cgroup"] == expected


def check_strength(stage: str, said: dict[str, Any]) -> None:
    for name, start in zip(("weakness", "weakness, closed"), WEAK.get(stage, (None, None)), strict=True):
        assert (said[name] is None) is (start is None), said[name]
        assert start is None or said[name].startswith(start)


def check_layers_are_on(stage: str, said: dict[str, Any]) -> None:
    """What is reported as on is on, as the kernel says it and as trying shows it."""
    layers, outside, identity = said["layers"], said["outside"]["worker"], said["identity"]
    assert said["outside"]["alive"]
    assert said["outside"]["oom_score_adj"] == sandbox.FIRST_TO_GO
    assert {name: outside[name] for name in NO_CAPABILITIES if name != "CapBnd"} == {
        name: none for name, none in NO_CAPABILITIES.items() if name != "CapBnd"
    }
    if stage != "user without namespaces":  # dropping it takes a right that an ordinary user never had
        assert outside["CapBnd"] == NO_CAPABILITIES["CapBnd"]
    assert outside["NoNewPrivs"] == "1"
    assert outside["Seccomp"] == "2"
    assert identity["descriptors"] == [0, 1, 2, 3]
    assert identity["groups"] == []
    for kind in ("uid", "gid"):
        assert len(set(identity[kind])) == 1
    if "uid" in layers:
        assert 61184 <= identity["uid"][0] < 61184 + 4336
        assert outside["Uid"].split() == [str(identity["uid"][0])] * 4
    if "namespaces" in layers:
        assert (identity["pid"], identity["parent"]) == (2, 1)
        assert said["others"]["seen"] == [1, 2]
        assert said["status"]["Seccomp"] == "2"
        assert said["others"]["killed"] == (
            ["EPERM"] * 2 if {"landlock", "uid"} & set(layers) else ["done"] * 2
        )
        assert said["others"]["lives"]
    if "landlock" in layers:
        assert said["files"]["/"] == "EACCES"


def check_limits(stage: str, said: dict[str, Any]) -> None:
    counted = {"uid", "namespaces"} & set(said["layers"])
    processes = sandbox.PROCESSES if counted else 4096
    assert said["limits"] == {
        "DATA": [1 << 30] * 2,
        "FSIZE": [256 << 20] * 2,
        "CPU": [3600] * 2,
        "NOFILE": [sandbox.OPEN_FILES] * 2,
        "CORE": [0, 0],
        "NPROC": [processes] * 2,
        "MSGQUEUE": [0, 0],
        "MEMLOCK": [0, 0],
    }
    assert (said["spawns"] < sandbox.PROCESSES) is bool(counted)


def check_calls(stage: str, said: dict[str, Any]) -> None:
    """The calls that no worker has, on any of these machines."""
    refused = dict(said["refused"])
    assert (refused.pop("setuid") == "done") is (stage == "container with a closed home")
    assert FOUND.isdisjoint(refused.values()), refused
    network = dict(said["network"])
    assert network.pop("UNIX") == "done"
    assert set(network.values()) == {"EAFNOSUPPORT"}
    loopback = said["loopback network"]
    assert loopback["listen"] == "done"
    assert {loopback[name] for name in ("INET DGRAM", "PACKET RAW", "connect")} == {"EAFNOSUPPORT"}
    if "namespaces" in said["layers"]:
        assert loopback["interfaces"] == ["lo"]
    assert said["by hand"] == "EPERM"


def check_strong(stage: str, said: dict[str, Any]) -> None:
    """Neither files nor processes of the grader's."""
    if said["weakness"] is None:
        assert FOUND.isdisjoint(said["files"].values()) or "landlock" not in said["layers"]
        assert FOUND.isdisjoint(text for path, text in said["files"].items() if "small_course" in path)
    if said["weakness, closed"] is not None:
        return
    assert FOUND.isdisjoint(text for path, text in said["files"].items() if "closed" in path)
    others = {name: found for name, found in said["others"].items() if isinstance(found, dict)}
    assert len(others) == 4  # the parent; by number: guard, judge, zygote
    for found in others.values():
        for what, outcome in found.items():
            # The first process of its own namespace may be signalled by its own user, and ignores it.
            assert outcome not in FOUND or (what == "signal" and said["others"]["lives"]), found
    own = {"x", "/dev/shm/x"}
    assert FOUND.isdisjoint(text for path, text in said["writing"].items() if path not in own)
    assert said["writing"]["x"] == "done"
    assert said["litter"][1] == []


def check_environment(stage: str, said: dict[str, Any]) -> None:
    home = said["environment"]["HOME"]
    assert said["environment"] == sandbox.environment(home)
    assert (home == "/scratch/home") is ("own-root" in said["layers"])


def check_work(stage: str, said: dict[str, Any]) -> None:
    """What a submission needs goes on in every stage."""
    assert said["works"] == {
        "grad": [2.0, 2.0, 2.0],
        "hooks": True,
        "saved": [1.0, 1.0, 1.0],
        "fake": 4,
        "large": 25600,
        "shared": float(1 << 20),
        "loaded": [[0, 1], [2, 3]],
        "temporary": True,
        "exec": "42",
    }
    assert said["gloo"] == [3.0, 3.0]


def check_ends(stage: str, said: dict[str, Any]) -> None:
    """Nothing outlives a worker, whoever of those above it is killed; nothing is left."""
    assert said["a worker's end clears its children"] == [4, True]
    assert said["a deadline clears the tree"] == ["killed", True]
    assert said["a killed guard"] == ["Died(None)", True]
    assert said["another after a killed guard"]
    assert said["a killed zygote takes all below"]
    assert said["left"] == []
    assert said["left in the folder"] == []


CHECKS = (
    check_offer,
    check_strength,
    check_layers_are_on,
    check_limits,
    check_calls,
    check_strong,
    check_environment,
    check_work,
    check_ends,
)


@pytest.mark.parametrize("stage", staged.stages())
def test_a_worker_is_kept_apart_as_far_as_is_said(stage: str) -> None:
    done = staged.run(stage, staged.TESTS / "confined.py", environment={"OF_THE_JUDGE": "1"})
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    failed = {}
    for check in CHECKS:  # all, so that one failure does not hide the others
        try:
            check(stage, said)
        except AssertionError as error:
            failed[check.__name__] = str(error)
    assert not failed, "\n\n".join(f"{name}: {text}" for name, text in failed.items())
