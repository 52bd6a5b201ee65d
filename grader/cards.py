"""Which GPUs this machine has, asked of the driver's own program, and what each kind of card can do at most.

The judge never imports torch, so it asks ``nvidia-smi``, which comes with every driver; a Python binding of
NVML would be one more dependency for five columns. Rates are those of NVIDIA's data sheets, dense (without
structured sparsity) and at boost clock: no solution goes past them, so they put a floor under a time. Nothing
here was measured.
"""

from __future__ import annotations

import csv
import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass

from grader.rounds import Precision, Work

PROGRAM = "nvidia-smi"
COLUMNS = ("name", "uuid", "memory.total", "memory.used", "driver_version")
QUERY_SECONDS = 20.0  # a driver that has to be loaded first takes seconds
MIB = 1 << 20
_UUID = re.compile(r"GPU-[0-9A-Za-z-]{4,64}")


class NoCard(Exception):
    """There is no GPU here that can be used; the text says why in one line."""


@dataclass(frozen=True)
class Card:
    """One GPU as the driver describes it.

    :param total_bytes, used_bytes: of its memory, by all processes of all users.
    """

    name: str
    uuid: str
    total_bytes: int
    used_bytes: int
    driver: str

    @property
    def free_bytes(self) -> int:
        """What is left of its memory."""
        return self.total_bytes - self.used_bytes


@dataclass(frozen=True)
class Peak:
    """What a kind of card can do at most.

    :param bytes_per_second: between its memory and its processors.
    :param operations_per_second: of floating point, by precision; one that is not named is not faster than
        the fastest that is.
    """

    bytes_per_second: float
    operations_per_second: Mapping[Precision, float]

    def seconds(self, work: Work) -> float:
        """No correct solution takes less: bytes over bandwidth or operations over rate, whichever is more."""
        rates = self.operations_per_second
        rate = rates.get(work.precision) or max(rates.values())
        return max(work.bytes / self.bytes_per_second, work.operations / rate)


def _peak(terabytes: float, **teraflops: float) -> Peak:
    rates: dict[Precision, float] = {}
    for name in ("fp32", "tf32", "bf16", "fp8"):
        if name in teraflops:
            rates[name] = teraflops[name] * 1e12
    return Peak(terabytes * 1e12, rates)


# By the name that nvidia-smi prints. Sources: NVIDIA's data sheets, for GeForce the white papers
# of their architectures, the faster of two ways to accumulate. Of a rate with sparsity, half stands here.
PEAKS: Mapping[str, Peak] = {
    "NVIDIA B200": _peak(8.0, fp32=80.0, tf32=1250.0, bf16=2500.0, fp8=5000.0),
    "NVIDIA H200": _peak(4.8, fp32=67.0, tf32=494.7, bf16=989.5, fp8=1979.0),
    "NVIDIA GH200 480GB": _peak(4.9, fp32=67.0, tf32=494.7, bf16=989.5, fp8=1979.0),
    "NVIDIA H100 80GB HBM3": _peak(3.35, fp32=67.0, tf32=494.7, bf16=989.5, fp8=1979.0),
    "NVIDIA H100 NVL": _peak(3.94, fp32=67.0, tf32=494.7, bf16=989.5, fp8=1979.0),
    "NVIDIA H100 PCIe": _peak(2.04, fp32=51.2, tf32=378.0, bf16=756.0, fp8=1513.0),
    "NVIDIA A100-SXM4-80GB": _peak(2.04, fp32=19.5, tf32=156.0, bf16=312.0),
    "NVIDIA A100-SXM4-40GB": _peak(1.56, fp32=19.5, tf32=156.0, bf16=312.0),
    "NVIDIA A100 80GB PCIe": _peak(1.94, fp32=19.5, tf32=156.0, bf16=312.0),
    "NVIDIA A100-PCIE-40GB": _peak(1.56, fp32=19.5, tf32=156.0, bf16=312.0),
    "NVIDIA A10": _peak(0.6, fp32=31.2, tf32=62.5, bf16=125.0),
    "NVIDIA A10G": _peak(0.6, fp32=35.0, tf32=70.0, bf16=140.0),
    "NVIDIA A30": _peak(0.933, fp32=10.3, tf32=82.0, bf16=165.0),
    "NVIDIA A40": _peak(0.696, fp32=37.4, tf32=74.8, bf16=149.7),
    "NVIDIA L4": _peak(0.3, fp32=30.3, tf32=60.0, bf16=121.0, fp8=242.5),
    "NVIDIA L40S": _peak(0.864, fp32=91.6, tf32=183.0, bf16=366.0, fp8=733.0),
    "Tesla T4": _peak(0.32, fp32=8.1, bf16=65.0),
    "Tesla V100-SXM2-16GB": _peak(0.9, fp32=15.7, bf16=125.0),
    "Tesla V100-SXM2-32GB": _peak(0.9, fp32=15.7, bf16=125.0),
    "NVIDIA GeForce RTX 3090": _peak(0.936, fp32=35.6, tf32=71.0, bf16=142.0),
    "NVIDIA GeForce RTX 4090": _peak(1.008, fp32=82.6, tf32=165.2, bf16=330.3, fp8=660.6),
}


def processor_peak() -> Peak:
    """What the processors of a rehearsal can do at most, generously: two 512-bit multiply-adds a cycle at
    6 GHz on every core, 16 x 16 x 32 multiply-adds in 16 cycles with tiles of bfloat16 (AMX), and a terabyte
    a second."""
    cycles = (os.cpu_count() or 1) * 6e9
    return Peak(1e12, {"fp32": cycles * 64, "bf16": cycles * 1024})


def cards(environment: Mapping[str, str] = os.environ) -> list[Card]:
    """The GPUs that this process may use, in the driver's order.

    ``CUDA_VISIBLE_DEVICES`` is heeded where it names positions or UUIDs.

    :raises NoCard: there is none, or nobody tells.
    """
    command = [PROGRAM, f"--query-gpu={','.join(COLUMNS)}", "--format=csv,noheader,nounits"]
    try:
        asked = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=QUERY_SECONDS, check=False
        )
    except FileNotFoundError:
        raise NoCard(f"{PROGRAM} is not there: no NVIDIA driver is installed") from None
    except subprocess.TimeoutExpired:
        raise NoCard(f"{PROGRAM} did not answer within {QUERY_SECONDS:g} s") from None
    except OSError as error:
        raise NoCard(f"{PROGRAM} cannot be run: {error.strerror}") from None
    if asked.returncode != 0:
        said = (asked.stdout.strip() or asked.stderr.strip()).splitlines()
        raise NoCard(f"{PROGRAM} failed: {said[0][:200] if said else f'status {asked.returncode}'}")
    found = [_card(row) for row in csv.reader(asked.stdout.splitlines(), skipinitialspace=True) if row]
    chosen = _visible(found, environment.get("CUDA_VISIBLE_DEVICES"))
    if not chosen:
        raise NoCard("CUDA_VISIBLE_DEVICES hides every GPU" if found else f"{PROGRAM} lists no GPU")
    return chosen


def card_with(uuid: str) -> Card:
    """One GPU as it is now.

    :raises NoCard: it is not there any more.
    """
    found = [card for card in cards({}) if card.uuid == uuid]
    if not found:
        raise NoCard(f"{PROGRAM} does not list {uuid} any more")
    return found[0]


def _card(row: list[str]) -> Card:
    """
    :raises NoCard: not what was asked for.
    """
    try:
        name, uuid, total, used, driver = (field.strip() for field in row)
        if not _UUID.fullmatch(uuid):
            raise ValueError(uuid)
        return Card(name, uuid, int(total) * MIB, int(used) * MIB, driver)
    except ValueError:  # "[N/A]" where a card is in pieces (MIG), or of a vendor's own kind
        raise NoCard(f"{PROGRAM} says {', '.join(row)[:200]!r}, which is no whole GPU") from None


def _visible(found: list[Card], named: str | None) -> list[Card]:
    if named is None:
        return found
    chosen = []
    for word in (word.strip() for word in named.split(",")):
        if word.isdecimal() and int(word) < len(found):
            chosen.append(found[int(word)])
        elif same := [card for card in found if word and card.uuid.startswith(word)]:
            chosen.append(same[0])
        else:
            break  # as CUDA does: what stands behind a name that means nothing is not seen
    return chosen
