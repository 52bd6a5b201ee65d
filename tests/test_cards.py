"""Which GPUs there are is asked of the driver's program; what a card can do at most stands in a table."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader import cards
from grader.cards import PEAKS, Card, NoCard, card_with, processor_peak
from grader.rounds import Work

H100 = "NVIDIA H100 80GB HBM3"
TWO = f"""{H100}, GPU-11111111-aaaa, 81559, 4, 570.86.15
NVIDIA L4, GPU-22222222-bbbb, 23034, 12, 570.86.15
"""


@pytest.fixture
def driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Puts a program of the driver's name on PATH that prints a text and ends with a status."""

    def put(text: str, status: int = 0, first: str = "") -> Path:
        (tmp_path / "said").write_text(text)
        program = tmp_path / "nvidia-smi"
        program.write_text(
            f'#!/bin/sh\necho "$@" > {tmp_path}/asked\n{first}\ncat {tmp_path}/said\nexit {status}\n'
        )
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
        return tmp_path / "asked"

    return put


def test_the_driver_is_asked_for_these_columns_in_bytes(driver) -> None:
    asked = driver(TWO)
    first, second = cards.cards({})
    assert first == Card(H100, "GPU-11111111-aaaa", 81559 << 20, 4 << 20, "570.86.15")
    assert first.free_bytes == 81555 << 20
    assert second.name == "NVIDIA L4"
    expected = "--query-gpu=name,uuid,memory.total,memory.used,driver_version --format=csv,noheader,nounits"
    assert asked.read_text().strip() == expected


@pytest.mark.parametrize(
    ("named", "found"),
    [
        ("1", ["NVIDIA L4"]),
        ("1,0", ["NVIDIA L4", H100]),
        ("GPU-2222", ["NVIDIA L4"]),
        ("0,7,1", [H100]),
    ],
)
def test_cuda_visible_devices_is_heeded(driver, named: str, found: list[str]) -> None:
    driver(TWO)
    assert [card.name for card in cards.cards({"CUDA_VISIBLE_DEVICES": named})] == found


@pytest.mark.parametrize("named", ["", "-1", "7"])
def test_every_card_can_be_hidden(driver, named: str) -> None:
    driver(TWO)
    with pytest.raises(NoCard, match="CUDA_VISIBLE_DEVICES hides every GPU"):
        cards.cards({"CUDA_VISIBLE_DEVICES": named})


@pytest.mark.parametrize(
    ("text", "status", "words"),
    [
        ("", 0, "lists no GPU"),
        ("No devices were found\n", 6, "nvidia-smi failed: No devices were found"),
        ("", 9, "nvidia-smi failed: status 9"),
        (f"{H100}, GPU-11111111-aaaa, [N/A], 4, 570.86.15\n", 0, "which is no whole GPU"),
        (f"{H100}, MIG-11111111-aaaa, 81559, 4, 570.86.15\n", 0, "which is no whole GPU"),
        ("three, words, only\n", 0, "which is no whole GPU"),
    ],
)
def test_what_the_driver_cannot_tell_is_said_in_a_line(driver, text: str, status: int, words: str) -> None:
    driver(text, status)
    with pytest.raises(NoCard, match=words) as caught:
        cards.cards({})
    assert "\n" not in str(caught.value)


def test_without_a_driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoCard, match="nvidia-smi is not there"):
        cards.cards({})
    (tmp_path / "nvidia-smi").write_text("not a program")
    (tmp_path / "nvidia-smi").chmod(0o755)
    with pytest.raises(NoCard, match="cannot be run: Exec format error"):
        cards.cards({})


def test_a_driver_that_hangs(driver, monkeypatch: pytest.MonkeyPatch) -> None:
    driver(TWO, first="exec sleep 30")
    monkeypatch.setattr(cards, "QUERY_SECONDS", 0.2)
    with pytest.raises(NoCard, match=r"did not answer within 0\.2 s"):
        cards.cards({})


def test_a_card_that_is_gone(driver) -> None:
    driver(TWO)
    assert card_with("GPU-22222222-bbbb").name == "NVIDIA L4"
    with pytest.raises(NoCard, match="does not list GPU-3 any more"):
        card_with("GPU-3")


def test_a_floor_is_the_larger_of_two() -> None:
    peak = PEAKS[H100]
    assert peak.seconds(Work(bytes=3.35e12)) == pytest.approx(1.0)
    assert peak.seconds(Work(operations=989.5e12)) == pytest.approx(1.0)
    assert peak.seconds(Work(bytes=3.35e12, operations=2 * 989.5e12)) == pytest.approx(2.0)
    assert peak.seconds(Work(operations=67e12, precision="fp32")) == pytest.approx(1.0)


def test_a_precision_that_a_card_lacks_gets_its_fastest_rate() -> None:
    assert PEAKS["Tesla T4"].seconds(Work(operations=65e12, precision="fp8")) == pytest.approx(1.0)


def test_a_lower_precision_is_never_slower() -> None:
    for name, peak in PEAKS.items():
        rates = [
            peak.operations_per_second[key]
            for key in ("fp32", "tf32", "bf16", "fp8")
            if key in peak.operations_per_second
        ]
        assert rates == sorted(rates), name
        assert 1e11 < peak.bytes_per_second < 2e13, name


def test_the_floor_of_a_rehearsal_lies_below_what_a_processor_does() -> None:
    work = Work(operations=2 * 512**3, precision="fp32")
    assert 0 < processor_peak().seconds(work) < 2 * 512**3 / 384e9 + 1e-9
    half = Work(operations=2 * 512**3, precision="bf16")
    assert processor_peak().seconds(half) == pytest.approx(processor_peak().seconds(work) / 16)
