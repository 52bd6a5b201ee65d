"""How far student code is kept apart in a run, and whether that is enough for hidden tests.

``sandbox`` is promised only where every layer that it needs was offered and a worker of ours has tried, in
place of a submission, what must not work. What cannot be had is said with the way to get it; nothing is
promised in silence, and nothing less is taken unless it was asked for.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from grader.faults import GraderFault
from grader.launch import Allowance, Died, Plan, TookTooLong, Zygote, call_id
from grader.worker import codec, messages
from grader.worker.messages import Offer
from grader.worker.sandbox import LAYERS
from grader.worker.wire import WireError

Level = Literal["sandbox", "process", "none"]
ASKED = ("sandbox", "strongest", "process", "none")
PROBE_SECONDS = 60.0
LISTED = 5  # findings named in a refusal


class Refused(GraderFault):
    """This machine offers no strong isolation, and nobody has asked for less; the text says what to do."""


@dataclass(frozen=True)
class Isolation:
    """What was decided for a run.

    :param why: why it is not the sandbox, where that was tried.
    """

    level: Level
    why: str = ""

    def confine(self, plan: Plan, *, loopback: bool = False) -> Plan:
        """The plan of a worker at this level."""
        return replace(plan, confined=self.level == "sandbox", loopback=loopback)


def decide(asked: str | None, zygote: Zygote | None, secrets: Sequence[Path], hidden: bool) -> Isolation:
    """Decide once in a run, before any student code has run.

    :param asked: the option, or None where nobody gave it: then hidden tests need the sandbox, and public
        tests take the strongest set that there is, so that what works at home works when it is graded.
    :param zygote: None for a launcher that cannot confine.
    :param secrets: paths that a worker must not be able to reach.
    :param hidden: whether hidden tests were collected.
    :raises Refused: the sandbox is needed and cannot be had.
    :raises GraderFault: no worker can be started at all.
    """
    if asked == "none":
        return Isolation("none")
    if asked == "process":
        return Isolation("process")
    why = "this way of starting workers cannot confine them" if zygote is None else weakness(zygote, secrets)
    if why is None:
        return Isolation("sandbox")
    if asked == "sandbox" or (asked is None and hidden):
        raise Refused(
            # What to do comes first: a result shows the first 300 characters.
            "hidden tests are not run here, because a submission could read them (`grader doctor` says how "
            f"to mend that; `--isolation process` grades all the same, and says so): {why}"
        )
    return Isolation("process", why)


def weakness(zygote: Zygote, secrets: Sequence[Path]) -> str | None:
    """Why a sandbox of this zygote would not be strong, or None if it is.

    :raises GraderFault: no worker can be started at all.
    """
    return lacking(zygote.offer) or reached(zygote, secrets)


def lacking(offer: Offer) -> str | None:
    """What a strong set lacks among the layers offered.

    Strong is another user, or a file system and a pid namespace of the workers' own; and in both cases no way
    into a network.
    """
    apart = {"namespaces", "own-root"} <= set(offer.layers)
    if not apart and "uid" not in offer.layers:
        return "; ".join(_missing(offer, name) for name in ("namespaces", "uid"))
    if not apart and "seccomp" not in offer.layers:
        return f"the network is open to another user: {_missing(offer, 'seccomp')}"
    return None


def _missing(offer: Offer, name: str) -> str:
    layer = next(layer for layer in LAYERS if layer.name == name)
    return f"no {name} ({offer.missing.get(name, 'not offered')}; needs {layer.get})"


def reached(zygote: Zygote, secrets: Sequence[Path]) -> str | None:
    """What a confined worker could do and must not, by trying.

    :raises GraderFault: the worker did not start, or did not answer.
    """
    folder = zygote.folder / "probe"
    folder.mkdir(exist_ok=True)
    own_pids = "namespaces" in zygote.offer.layers  # where the judge's number means nothing, or another
    found: list[str] = []
    for loopback in (False, True):
        plan = Plan(folder, {}, {}, 0, confined=True, loopback=loopback)
        worker = zygote.start(plan)
        try:
            asked = messages.Probe(
                call_id(), [str(path) for path in secrets], 0 if own_pids else os.getpid(), loopback
            )
            reply, _ = worker.request(asked, [], Allowance(None, PROBE_SECONDS))
        except (Died, TookTooLong, WireError) as error:
            raise GraderFault(f"the worker that tries its own confinement has failed: {error}") from None
        finally:
            worker.close()
        if not isinstance(reply, messages.Answer) or not isinstance(reply.value, codec.List):
            raise GraderFault(
                f"the worker that tries its own confinement answered with {type(reply).__name__}"
            )
        found += [said for said in map(str, reply.value.items) if said not in found]
    if not found:
        return None
    more = f", and {len(found) - LISTED} more" if len(found) > LISTED else ""
    return f"a worker {', '.join(found[:LISTED])}{more}"
